// Asks for what is shown again and again, where streams don't come through. The next round begins only after the last one's
// answers, later after each round that failed, and not at all while nobody looks.

const FIRST_DELAY = 5_000;
const LONGEST_DELAY = 30_000;

export class Poller {
  private readonly round: () => Promise<boolean>;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Changes when it is started or stopped: a round that began before is the last of its turn. */
  private turn = 0;
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
    void this.run(++this.turn);
  }

  /** Safe to call twice. */
  stop(): void {
    this.running = false;
    this.turn += 1;
    clearTimeout(this.timer);
  }

  private async run(turn: number): Promise<void> {
    if (document.visibilityState === 'visible') {
      const answered = await this.round();
      this.delay = answered ? FIRST_DELAY : Math.min(this.delay * 2, LONGEST_DELAY);
    }
    if (turn === this.turn) this.timer = setTimeout(() => void this.run(turn), this.delay);
  }
}
