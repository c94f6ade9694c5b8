import { useEffect, useId, useRef } from 'react';
import type { NumberParameter, SettingValue } from '../state/patterns';
import { isAbout, refusalOf } from '../state/refusals';
import { usePrompt } from './stores';

interface NumberParameterFieldProps {
  pattern: string;
  parameter: NumberParameter;
  value: SettingValue | undefined;
  onChange: (value: number | undefined) => void;
}

/** A number that may be left out. What the engine would refuse is refused here, in its words. */
export function NumberParameterField({ pattern, parameter, value, onChange }: NumberParameterFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const planError = usePrompt((state) => state.error);
  const { label, help, min, max, step } = parameter;
  const about = planError && isAbout(planError, parameter) ? planError : null;
  const refused = value === undefined ? null : (refusalOf(pattern, parameter, value) ?? about);
  const unreadable = Number.isNaN(value);

  // A browser keeps a text that is no number to itself: to it and to React the field is empty.
  useEffect(() => {
    const { current } = input;
    if (!current) return;
    const { badInput } = current.validity;
    if (badInput && !unreadable) current.value = '';
    if (unreadable && !badInput) onChange(undefined);
  });

  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        ref={input}
        id={id}
        type="number"
        inputMode="numeric"
        min={min}
        max={max}
        step={step}
        value={value === undefined || unreadable ? '' : String(value)}
        placeholder="chosen by length"
        aria-invalid={refused !== null || undefined}
        aria-describedby={refused ? `${id}-refused ${id}-help` : `${id}-help`}
        // React tells of no change from an empty field to one with a text that is no number.
        onInput={({ currentTarget: { validity, valueAsNumber } }) => {
          onChange(Number.isNaN(valueAsNumber) && !validity.badInput ? undefined : valueAsNumber);
        }}
      />
      {refused && (
        <p className="help warning" id={`${id}-refused`}>
          {refused.sentence} {refused.remedy}
        </p>
      )}
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}
