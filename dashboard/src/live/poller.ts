// Asks for what is shown again and again, where streams don't come through. The next round begins only after the last one's
// answers, later after each round that failed, and not at all while nobody looks.

const FIRST_DELAY = 5_000;
const LONGEST_DELAY = 30_000;

export class Poller {
  private readonly round: () => Promise<boolean>;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  private delay = FIRST_DELAY;

  /** round asks once, and tells whether all was answered. */
  constructor(round: () => Promise<boolean>) {
    this.round = round;
  }

  /** The first round begins now. Safe to call twice. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.delay = FIRST_DELAY;
    void this.run();
  }

  /** Safe to call twice. */
  stop(): void {
    this.running = false;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    const isSeen = document.visibilityState === 'visible';
    if (isSeen) {
      const answered = await this.round();
      this.delay = answered ? FIRST_DELAY : Math.min(this.delay * 2, LONGEST_DELAY);
    }
    clearTimeout(this.timer);
    if (this.running) this.timer = setTimeout(() => void this.run(), this.delay);
  }
}
