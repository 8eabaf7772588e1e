// What comes while the reader has paused the page: of each mission and topic the newest, and how many missions changed.

import type { Mission } from '@/services/missions';
import { mergeTelemetry, type Telemetry } from '@/services/telemetry';
import type { StreamEvent } from './sse-parser';

/** With more, fetching anew is cheaper than remembering. */
const KEPT_MISSIONS = 1_000;

export class Pause {
  readonly since = Date.now();
  readonly missions = new Map<string, Mission>();
  /** By topic. Of the trends the last step: that others are missing before it shows when it is applied. */
  readonly pictures = new Map<string, StreamEvent>();
  readonly telemetry = new Map<string, Telemetry>();
  /** Not all that came is kept: what is shown must be fetched anew. */
  hasGap = false;
  private untold = 0;

  /** So many missions changed, as far as is known. */
  get changes(): number {
    return this.missions.size + this.untold;
  }

  gather(mission: Mission): void {
    const known = this.missions.get(mission.id);
    if (known && known.version >= mission.version) return;
    if (known || this.missions.size < KEPT_MISSIONS) this.missions.set(mission.id, mission);
    else this.addMore(1);
  }

  /** So many changed that nobody told of. */
  addMore(missions: number): void {
    this.untold += missions;
    this.hasGap = true;
  }

  addTelemetry(telemetry: Telemetry): void {
    const known = this.telemetry.get(telemetry.missionId);
    this.telemetry.set(telemetry.missionId, mergeTelemetry(known, telemetry));
  }
}
