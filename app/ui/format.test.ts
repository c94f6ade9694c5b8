import { describe, expect, it } from 'vitest';
import {
  bytes,
  clock,
  duration,
  grams,
  moment,
  nats,
  parameters,
  percent,
  roughly,
  times,
  wattHours,
} from './format';

describe('format', () => {
  it.each([
    [0.42, '0.4 ms'],
    [84.4, '84 ms'],
    [3_970, '3.97 s'],
    [12_340, '12.3 s'],
    [59_990, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [11_520_000, '3 h 12 min'],
  ])('duration of %d ms', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [31_700_000, '30.2 MiB'],
    [1_342_177_280, '1.25 GiB'],
  ])('bytes of %d', (value, text) => {
    expect(bytes(value)).toBe(text);
  });

  it('words the rest', () => {
    expect(clock(400)).toBe('0.4 s');
    expect(roughly(42_000)).toBe('about 42 s');
    expect(roughly(400_000)).toBe('about 7 min');
    expect(parameters(14_200_000)).toBe('14.2M');
    expect(parameters(1_540_000_000)).toBe('1.54B');
    expect(times(1.04)).toBe('1.04×');
    expect(times(3.21)).toBe('3.2×');
    expect(times(12.4)).toBe('12×');
    expect(percent(0.034)).toBe('3.4%');
    expect(percent(1)).toBe('100%');
    expect(percent(0)).toBe('0%');
    expect(nats(0)).toBe('0');
    expect(nats(0.0012)).toBe('0.0012');
    expect(nats(-0.25)).toBe('−0.250');
    expect(nats(1e-9)).toBe('below 0.000001');
  });

  it.each([
    [0, '0 Wh'],
    [0.000_05, '50 µWh'],
    [0.154, '150 mWh'],
    [0.999, '1,000 mWh'],
    [1.54, '1.5 Wh'],
    [2_400, '2.4 kWh'],
    [1e-9, '0.001 µWh'],
  ])('energy of %d Wh', (value, text) => {
    expect(wattHours(value)).toBe(text);
  });

  it('grams have units of their own', () => {
    expect(grams(0.0612)).toBe('61 mg');
    expect(grams(12)).toBe('12 g');
  });

  it('of today says the time, of another day the date', () => {
    const now = new Date(2026, 10, 23, 12);
    const at = (...parts: [number, number, number, number]): string => new Date(...parts).toISOString();
    expect(moment(at(2026, 10, 23, 0), now)).toBe('00:00');
    expect(moment(at(2026, 10, 22, 23), now)).toBe('Nov 22');
    expect(moment(at(2025, 10, 23, 12), now)).toBe('Nov 23, 2025');
  });
});
