import { createContext, useContext } from 'react';
import { type Settings, settings } from '@/settings';

/** Another value than the page's own is for tests. */
export const SettingsContext = createContext<Settings>(settings);

export const useSettings = (): Settings => useContext(SettingsContext);

/**
 * Why nothing can be changed from here, or undefined where it can. The server
 * refuses in any case; with this the app says so before anybody tries:
 * `<ActionButton unavailable={useReadOnly() ?? reasonOfTheState}>`.
 */
export function useReadOnly(): string | undefined {
  return useSettings().readOnly ? 'This dashboard is read-only: it shows, and changes nothing.' : undefined;
}
