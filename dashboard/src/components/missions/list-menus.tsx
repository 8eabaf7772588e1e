import { Button, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { ChevronDown, Columns3, Download, ListChecks, ListFilter } from 'lucide-react';
import { useRef } from 'react';
import { useReadOnly } from '@/hooks/use-settings';
import { BULK_ACTIONS, type BulkAction } from '@/services/bulk';
import { exportAddress, type MissionFilter } from '@/services/missions';
import { isEmptyFilter } from './applied-filter';
import { BULK_WORDS } from './bulk-words';
import styles from './list-menus.module.css';
import { columns } from './mission-columns';

interface ColumnProps {
  visibility: Record<string, boolean>;
  onChange: (visibility: Record<string, boolean>) => void;
}

/** Which columns the list has. */
export function ColumnMenu({ visibility, onChange }: ColumnProps) {
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          variant="default"
          size="compact-sm"
          className="wide"
          leftSection={<Columns3 size={15} aria-hidden="true" />}
        >
          Columns
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {columns
          .filter((column) => column.enableHiding !== false)
          .map(({ id = '', header }, i) => (
            <Menu.CheckboxItem
              key={id}
              data-autofocus={i === 0 || undefined}
              checked={visibility[id] !== false}
              onChange={(shown) => onChange({ ...visibility, [id]: shown })}
            >
              {String(header)}
            </Menu.CheckboxItem>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** What can be done to all missions that the filter fits, on the screen or not. */
export function BulkMenu({
  filter,
  onPick,
}: {
  filter: MissionFilter;
  onPick: (action: BulkAction) => void;
}) {
  const readOnly = useReadOnly();
  const button = useRef<HTMLButtonElement>(null);
  // The item goes with the menu: what opens finds the focus on the button, and can give it back.
  const pick = (action: BulkAction) => {
    button.current?.focus();
    onPick(action);
  };
  const which = isEmptyFilter(filter) ? 'all missions' : 'all that match';
  return (
    <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button
          ref={button}
          variant="default"
          size="compact-sm"
          leftSection={<ListFilter size={15} aria-hidden="true" />}
          rightSection={<ChevronDown size={14} aria-hidden="true" />}
        >
          {isEmptyFilter(filter) ? 'All missions' : 'All that match'}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {readOnly && <Menu.Label maw={280}>{readOnly}</Menu.Label>}
        {BULK_ACTIONS.map((action, i) => {
          const { verb, icon: Icon } = BULK_WORDS[action];
          return (
            <Menu.Item
              key={action}
              className={styles.action}
              leftSection={<Icon size={15} aria-hidden="true" />}
              data-autofocus={(i === 0 && !readOnly) || undefined}
              disabled={readOnly !== undefined}
              onClick={() => pick(action)}
            >
              {verb} {which} …
            </Menu.Item>
          );
        })}
        <Menu.Divider />
        <Menu.Item
          component={Link}
          to="/bulk"
          data-autofocus={readOnly !== undefined || undefined}
          leftSection={<ListChecks size={15} aria-hidden="true" />}
        >
          Bulk jobs
        </Menu.Item>
        <Menu.Item
          component="a"
          href={exportAddress(filter)}
          download="missions.ndjson"
          leftSection={<Download size={15} aria-hidden="true" />}
        >
          Export {which} (lines of JSON)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
