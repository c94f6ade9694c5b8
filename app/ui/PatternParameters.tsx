import { useId } from 'react';
import type { Parameter, SettingValue } from '../state/patterns';
import { useActions, useSettings } from './stores';

interface PatternParametersProps {
  pattern: string;
  parameters: readonly Parameter[];
}

export function PatternParameters({ pattern, parameters }: PatternParametersProps) {
  const values = useSettings((settings) => settings.patternValues[pattern]);
  const { settings } = useActions();
  return (
    <div className="fields">
      {parameters.map((parameter) => (
        <Field
          key={`${pattern} ${parameter.name}`}
          parameter={parameter}
          value={values?.[parameter.name]}
          onChange={(value) => {
            settings.setPatternValue(pattern, parameter.name, value);
          }}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  parameter: Parameter;
  value: SettingValue | undefined;
  onChange: (value: SettingValue | undefined) => void;
}

function Field({ parameter, value, onChange }: FieldProps) {
  const id = useId();
  const { label, help, kind } = parameter;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {kind === 'choice' ? (
        <select
          id={id}
          aria-describedby={`${id}-help`}
          value={String(value ?? parameter.options[0]?.value)}
          onChange={(event) => {
            const first = parameter.options[0]?.value;
            onChange(event.target.value === first ? undefined : event.target.value);
          }}
        >
          {parameter.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          aria-describedby={`${id}-help`}
          type="number"
          inputMode="numeric"
          min={parameter.min}
          max={parameter.max}
          step={parameter.step}
          value={value === undefined ? '' : String(value)}
          placeholder="chosen by length"
          onChange={(event) => {
            const { valueAsNumber } = event.target;
            onChange(Number.isNaN(valueAsNumber) ? undefined : valueAsNumber);
          }}
        />
      )}
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}
