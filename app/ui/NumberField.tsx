import { useId, useState } from 'react';

interface NumberFieldProps {
  label: string;
  help?: string;
  value: number | null;
  min: number;
  max: number;
  step?: number | 'any';
  /** Shown while empty; only a field that may be empty has one. */
  placeholder?: string;
  onChange: (value: number | null) => void;
}

/** Tells of values that are in range; what is being typed is left alone until the field is left. */
export function NumberField(props: NumberFieldProps) {
  const { label, help, value, min, max, step = 1, placeholder, onChange } = props;
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const accepts = (text: string): boolean => {
    if (text === '') return placeholder !== undefined;
    const number = Number(text);
    return (
      Number.isFinite(number) &&
      number >= min &&
      number <= max &&
      (step === 'any' || Number.isInteger(number))
    );
  };
  const shown = draft ?? (value === null ? '' : String(value));
  const wrong = !accepts(shown);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="number"
        inputMode={step === 'any' ? 'decimal' : 'numeric'}
        min={min}
        max={max}
        step={step}
        placeholder={placeholder}
        value={shown}
        aria-invalid={wrong || undefined}
        aria-describedby={help === undefined && !wrong ? undefined : `${id}-help`}
        onChange={(event) => {
          const text = event.target.value;
          setDraft(text);
          if (accepts(text)) onChange(text === '' ? null : Number(text));
        }}
        onBlur={() => {
          setDraft(null);
        }}
      />
      {(help !== undefined || wrong) && (
        <p className={wrong ? 'help warning' : 'help'} id={`${id}-help`}>
          {wrong ? `From ${min} to ${max}.` : help}
        </p>
      )}
    </div>
  );
}
