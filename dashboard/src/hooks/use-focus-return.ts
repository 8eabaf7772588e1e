import { useEffect } from 'react';

/**
 * Gives the focus back, when its component goes, to what had it when it came; to the page's content where that is gone. For
 * dialogs that are there only while they are open: Mantine's own return needs one that stays.
 */
export function useFocusReturn(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (document.activeElement !== document.body) return; // somebody chose already
      const back =
        before?.isConnected && before !== document.body ? before : document.getElementById('content');
      if (back instanceof HTMLElement) back.focus({ preventScroll: true });
    };
  }, []);
}
