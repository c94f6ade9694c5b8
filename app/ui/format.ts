/** Every number that the page shows is put into words here, so that the same quantity always looks the same. */
import { count, counted } from '../counted';

export { count, counted };

function significant(value: number, digits: number): string {
  return new Intl.NumberFormat('en', { maximumSignificantDigits: digits }).format(value);
}

/** 0.4 ms, 84 ms, 3.97 s, 2 min 05 s, 3 h 12 min. */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1_000;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
  const total = Math.round(seconds);
  if (total < 3_600) return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, '0')} s`;
  return `${Math.floor(total / 3_600)} h ${String(Math.floor((total % 3_600) / 60)).padStart(2, '0')} min`;
}

/** A running clock: always one decimal, so that its digits do not jump. */
export function clock(ms: number): string {
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : duration(ms);
}

/** An estimate is not given to the millisecond. */
export function roughly(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 1.5) return 'about a second';
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  if (seconds < 5_400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3_600).toFixed(1)} h`;
}

/** 30.2 MiB, 1.25 GiB. */
export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
  let unit = 0;
  let scaled = value;
  while (scaled >= 1_000 && unit < units.length - 1) {
    scaled /= 1_024;
    unit++;
  }
  return `${unit === 0 ? count(scaled) : significant(scaled, 3)} ${units[unit] ?? ''}`;
}

/** Small amounts as they are, not as 0.000: 0.21 mWh, 1.5 Wh, 2 kWh. */
export function wattHours(value: number): string {
  return inUnits(value, ['µWh', 'mWh', 'Wh', 'kWh']);
}

/** 84 µg, 0.6 mg, 12 g, 1.2 kg. */
export function grams(value: number): string {
  return inUnits(value, ['µg', 'mg', 'g', 'kg']);
}

/** By a thousand from unit to unit, the third for whole ones, two digits: an estimate has no more. */
function inUnits(value: number, units: readonly [string, string, string, string]): string {
  const step = value === 0 ? 2 : Math.min(3, Math.max(0, Math.floor(Math.log10(value) / 3) + 2));
  return `${significant(value / 1_000 ** (step - 2), 2)} ${units[step] ?? ''}`;
}

/** 14.2M, 494M, 1.5B. */
export function parameters(value: number): string {
  if (value >= 1e9) return `${significant(value / 1e9, 3)}B`;
  if (value >= 1e6) return `${significant(value / 1e6, 3)}M`;
  return count(value);
}

/** 1.24×, 3.2× and 12×: near one, a tenth would hide the difference. */
export function times(ratio: number): string {
  if (ratio >= 9.95) return `${count(ratio)}×`;
  return `${ratio.toFixed(ratio < 1.995 ? 2 : 1)}×`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? significant(value, 2) : count(value)}%`;
}

export function perSecond(value: number): string {
  return value < 100 ? significant(value, 3) : count(value);
}

/** Nats: small numbers keep two digits. */
export function nats(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-6) return value < 0 ? 'above −0.000001' : 'below 0.000001';
  const text = size < 0.01 ? size.toFixed(6).replace(/0+$/, '') : size.toFixed(3);
  return value < 0 ? `−${text}` : text;
}

/** 14:05 of today; of another day its date. */
export function moment(iso: string, now = new Date()): string {
  const date = new Date(iso);
  if (date.toDateString() === now.toDateString())
    return date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return date.toLocaleDateString('en', { day: 'numeric', month: 'short', ...year });
}
