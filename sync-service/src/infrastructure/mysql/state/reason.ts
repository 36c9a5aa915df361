/** A reason as our tables hold it: the `varchar(255)` of every column that says why. */
export function storedReason(reason: string): string {
  return reason.slice(0, 255);
}
