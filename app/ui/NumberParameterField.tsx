import { useEffect, useId, useRef } from 'react';
import type { NumberParameter, SettingValue } from '../state/patterns';
import { isAbout, refusalOf } from '../state/refusals';
import { usePrompt } from './stores';

interface NumberParameterFieldProps {
  pattern: string;
  parameter: NumberParameter;
  /** Of the whole pattern. */
  values: Readonly<Record<string, SettingValue>>;
  onChange: (value: number | undefined) => void;
}

function defaultOf({ initial }: NumberParameter, values: NumberParameterFieldProps['values']): string {
  const fixed = typeof initial === 'function' ? initial(values) : initial;
  return fixed === undefined ? 'by length' : `default ${fixed}`;
}

/** Telephones show no point for whole numbers, and no minus for either. */
function keyboardOf({ real, min }: NumberParameter): 'text' | 'decimal' | 'numeric' {
  if (min < 0) return 'text';
  return real ? 'decimal' : 'numeric';
}

/** A number that may be left out. What the engine would refuse is refused here, in its words. */
export function NumberParameterField({ pattern, parameter, values, onChange }: NumberParameterFieldProps) {
  const id = useId();
  const value = values[parameter.name];
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
        inputMode={keyboardOf(parameter)}
        min={min}
        max={max}
        step={step}
        value={value === undefined || unreadable ? '' : String(value)}
        placeholder={defaultOf(parameter, values)}
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
