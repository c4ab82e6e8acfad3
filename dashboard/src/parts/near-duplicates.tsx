/** Whether examples that are nearly the same as a kept one are left out of a dataset. */
export function NearDuplicates({
  leaveOut,
  onChange,
}: {
  leaveOut: boolean;
  onChange: (leaveOut: boolean) => void;
}) {
  return (
    <label class="check">
      <input type="checkbox" checked={leaveOut} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>Leave out examples that say nearly the same as a kept one</span>
    </label>
  );
}
