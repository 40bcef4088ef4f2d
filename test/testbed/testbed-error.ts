/** Something the person who runs the testbed can act on; the message is one line and says what to do. */
export class TestbedError extends Error {
  override readonly name = 'TestbedError';
  /** The end of the failing component's log, when there is one. */
  readonly logTail: string;

  constructor(message: string, logTail = '') {
    super(message);
    this.logTail = logTail;
  }
}
