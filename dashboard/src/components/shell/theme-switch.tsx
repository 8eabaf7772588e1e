import { ActionIcon, useMantineColorScheme } from '@mantine/core';
import { Monitor, Moon, Sun } from 'lucide-react';

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const;
const LOOKS = {
  auto: { icon: Monitor, label: 'as the system' },
  light: { icon: Sun, label: 'light' },
  dark: { icon: Moon, label: 'dark' },
} as const;

/** System, light, dark, in turn; the browser keeps the choice. */
export function ThemeSwitch() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { icon: Icon, label } = LOOKS[colorScheme];
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="md"
      onClick={() => setColorScheme(NEXT[colorScheme])}
      aria-label={`Colours: ${label}. Switch to ${LOOKS[NEXT[colorScheme]].label}`}
      title={`Colours: ${label}`}
    >
      <Icon size={16} aria-hidden="true" />
    </ActionIcon>
  );
}
