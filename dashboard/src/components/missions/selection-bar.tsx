import { Button, CloseButton, Modal } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { ActionButton } from '@/components/action-button';
import { formatCount } from '@/components/format';
import { type ChangeReport, isUnderWay } from '@/hooks/use-change-missions';
import { useFocusReturn } from '@/hooks/use-focus-return';
import { useReadOnly } from '@/hooks/use-settings';
import { BULK_ACTIONS, type BulkAction, isChangeable } from '@/services/bulk';
import type { Mission } from '@/services/missions';
import { BULK_WORDS, countMissions } from './bulk-words';
import styles from './selection-bar.module.css';

/** Only so many refusals are named. */
const NAMED = 8;

interface Props {
  chosen: Mission[];
  report?: ChangeReport;
  onAct: (action: BulkAction) => void;
  onClear: () => void;
  onDismiss: () => void;
}

/** What can be done to the chosen rows, and what came of it. */
export function SelectionBar({ chosen, report, onAct, onClear, onDismiss }: Props) {
  const readOnly = useReadOnly();
  const busy = report !== undefined && isUnderWay(report);
  if (chosen.length === 0 && !report) return null;
  return (
    <section className={styles.bar} aria-label="Selected missions">
      {report && <Report report={report} onDismiss={onDismiss} />}
      {chosen.length > 0 && (
        <div className={styles.actions}>
          <strong role="status">{formatCount(chosen.length)} selected</strong>
          {BULK_ACTIONS.map((action) => {
            const { verb, icon: Icon, only } = BULK_WORDS[action];
            const possible = chosen.filter((mission) => isChangeable(action, mission)).length;
            return (
              <ActionButton
                key={action}
                variant="default"
                size="compact-sm"
                leftSection={<Icon size={15} aria-hidden="true" />}
                unavailable={readOnly ?? (possible === 0 ? only : undefined)}
                loading={busy}
                onClick={() => onAct(action)}
              >
                {possible === chosen.length || possible === 0 ? verb : `${verb} ${formatCount(possible)}`}
              </ActionButton>
            );
          })}
          <Button variant="subtle" size="compact-sm" onClick={onClear}>
            Clear
          </Button>
        </div>
      )}
    </section>
  );
}

function Report({ report, onDismiss }: { report: ChangeReport; onDismiss: () => void }) {
  const { done } = BULK_WORDS[report.action];
  const { changed, refused, total } = report;
  return (
    <div className={styles.report}>
      <div>
        <p role="status">
          {isUnderWay(report)
            ? `${formatCount(changed + refused.length)} of ${formatCount(total)} …`
            : `${countMissions(changed)} ${done}${refused.length > 0 ? `, ${formatCount(refused.length)} not:` : '.'}`}
        </p>
        {refused.length > 0 && (
          <ul className={styles.refused}>
            {refused.slice(0, NAMED).map(({ mission, reason }) => (
              <li key={mission.id}>
                <Link to="/missions/$missionId" params={{ missionId: mission.id }}>
                  {mission.name}
                </Link>
                : {reason}
              </li>
            ))}
            {refused.length > NAMED && <li>and {formatCount(refused.length - NAMED)} more</li>}
          </ul>
        )}
      </div>
      {!isUnderWay(report) && <CloseButton aria-label="Dismiss the report" onClick={onDismiss} />}
    </div>
  );
}

interface QuestionProps {
  action: BulkAction;
  missions: Mission[];
  onYes: () => void;
  onNo: () => void;
}

/** Asks before what can't be taken back. */
export function SelectionQuestion({ action, missions, onYes, onNo }: QuestionProps) {
  useFocusReturn();
  const { verb, means } = BULK_WORDS[action];
  const one = missions.length === 1 ? missions[0] : undefined;
  return (
    <Modal
      opened
      onClose={onNo}
      centered
      title={one ? `${verb} ${one.name}?` : `${verb} ${countMissions(missions.length)}?`}
    >
      <p>{means}</p>
      <div className="modal-actions">
        <Button variant="default" onClick={onNo} data-autofocus>
          Keep {one ? 'it' : 'them'}
        </Button>
        <Button color="red.9" onClick={onYes}>
          Yes, {verb.toLowerCase()} {one ? 'it' : 'them'}
        </Button>
      </div>
    </Modal>
  );
}
