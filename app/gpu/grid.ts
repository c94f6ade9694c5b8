/** `maxComputeWorkgroupsPerDimension` is 65,535 on every adapter seen and in the specification's defaults. */
const widest = 65_535;

/** At least `count` workgroups as [x, y], for kernels that take their index as `y * num_workgroups.x + x`. */
export function grid(count: number): [number, number] {
  if (count <= widest) return [count, 1];
  const rows = Math.ceil(count / widest);
  return [Math.ceil(count / rows), rows];
}
