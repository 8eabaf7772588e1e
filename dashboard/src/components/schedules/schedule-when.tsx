import type { Schedule } from '@/services/schedules';
import { inWords } from './when';

/** The words where there are some, and always the text that the commander goes by. */
export function ScheduleWhen({ schedule }: { schedule: Schedule }) {
  const words = inWords(schedule);
  return (
    <span>
      {words}
      {schedule.cron !== undefined && (
        <>
          {words && ' '}
          <code className={words ? 'nowrap dim' : 'nowrap'}>{schedule.cron}</code>{' '}
          <span className="dim">{schedule.timeZone ?? 'UTC'}</span>
        </>
      )}
    </span>
  );
}
