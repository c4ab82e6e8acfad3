/** A reason that the job's owner can mend; it becomes the job's error object. */
export class JobRefusal extends Error {
  readonly code: string;
  readonly param: string;
  constructor(code: string, message: string, param: string) {
    super(message);
    this.code = code;
    this.param = param;
  }
}
