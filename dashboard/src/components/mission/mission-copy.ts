// The order that would make a mission once more.

import { isFinal, type Mission, type NewMission } from '@/services/missions';

export interface MissionCopy {
  order: NewMission;
  /** What the order does not have of the mission, and why, as sentences. */
  left: string[];
}

/** Where all is as the commander would fill it in, the order is silent. */
export function copyOf(mission: Mission): MissionCopy {
  const { schedule, ...labels } = mission.labels;
  const hasLabels = Object.keys(labels).length > 0;
  const left: string[] = [];
  if (mission.payload === undefined) left.push("Its payload, which can't be read while Redis is away.");
  if (mission.runAt !== undefined && mission.attempt === 1)
    left.push('Its start time: a copy starts at once.');
  if (mission.deadlineAt !== undefined) left.push('Its deadline, which is a moment of its own.');
  if (schedule !== undefined) left.push('Its label schedule: no schedule orders the copy.');
  if (mission.uniqueKey && !isFinal(mission.status)) {
    left.push('Its unique key, which it holds until it has ended.');
  }
  return {
    left,
    order: {
      name: mission.name,
      kind: mission.kind,
      payload: mission.payload,
      priority: mission.priority === 'normal' ? undefined : mission.priority,
      squad: mission.squad === 'default' ? undefined : mission.squad,
      labels: hasLabels ? labels : undefined,
      timeout_seconds: mission.timeoutSeconds,
      max_attempts: mission.maxAttempts > 1 ? mission.maxAttempts : undefined,
      retry:
        mission.maxAttempts > 1
          ? {
              delay_seconds: mission.retry.delaySeconds,
              factor: mission.retry.factor,
              max_delay_seconds: mission.retry.maxDelaySeconds,
            }
          : undefined,
      concurrency_key: mission.concurrencyKey,
      unique_key: isFinal(mission.status) ? mission.uniqueKey : undefined,
    },
  };
}
