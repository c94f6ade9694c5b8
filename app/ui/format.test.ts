import { describe, expect, it } from 'vitest';
import { bytes, clock, duration, nats, parameters, percent, roughly, times } from './format';

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
});
