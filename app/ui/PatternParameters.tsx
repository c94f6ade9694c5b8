import { useId } from 'react';
import type { Parameter, SettingValue, ShareParameter } from '../state/patterns';
import { FileField } from './FileField';
import { NumberParameterField } from './NumberParameterField';
import { useActions, useSettings } from './stores';

interface PatternParametersProps {
  pattern: string;
  parameters: readonly Parameter[];
}

const noValues: Readonly<Record<string, SettingValue>> = {};

export function PatternParameters({ pattern, parameters }: PatternParametersProps) {
  const values = useSettings((settings) => settings.patternValues[pattern]);
  const { settings } = useActions();
  return (
    <div className="fields">
      {parameters.map((parameter) => (
        <Field
          key={`${pattern} ${parameter.name}`}
          pattern={pattern}
          parameter={parameter}
          values={values ?? noValues}
          onChange={(value) => {
            settings.setPatternValue(pattern, parameter.name, value);
          }}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  pattern: string;
  parameter: Parameter;
  /** Of the whole pattern. */
  values: Readonly<Record<string, SettingValue>>;
  onChange: (value: SettingValue | undefined) => void;
}

function Field({ pattern, parameter, values, onChange }: FieldProps) {
  const id = useId();
  const value = values[parameter.name];
  const { label, help, kind } = parameter;
  if (kind === 'file')
    return <FileField parameter={parameter} value={value === undefined ? undefined : String(value)} />;
  if (kind === 'share')
    return (
      <ShareField
        id={id}
        parameter={parameter}
        value={Number(value ?? parameter.initial)}
        onChange={onChange}
      />
    );
  if (kind === 'number')
    return (
      <NumberParameterField pattern={pattern} parameter={parameter} values={values} onChange={onChange} />
    );
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
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
            {typeof option.label === 'string' ? option.label : option.label(values)}
          </option>
        ))}
      </select>
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}

interface ShareFieldProps {
  id: string;
  parameter: ShareParameter;
  value: number;
  onChange: (value: number | undefined) => void;
}

function ShareField({ id, parameter, value, onChange }: ShareFieldProps) {
  const { label, help, min, max, step, initial, ends } = parameter;
  const percent = `${Math.round(value * 100)}%`;
  return (
    <div className="field share">
      <label htmlFor={id}>
        {label} <output htmlFor={id}>{percent}</output>
      </label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={percent}
        aria-describedby={`${id}-help`}
        onChange={(event) => {
          const next = event.target.valueAsNumber;
          onChange(next === initial ? undefined : next);
        }}
      />
      <p className="share-ends" aria-hidden="true">
        <span>{ends[0]}</span>
        <span>{ends[1]}</span>
      </p>
      <p className="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}
