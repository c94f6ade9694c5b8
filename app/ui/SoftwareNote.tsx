/** Goes beside every time that a CPU produced. */
export function SoftwareNote({ software }: { software: boolean }) {
  return software ? <span className="software-note">software adapter: correct, not fast</span> : null;
}
