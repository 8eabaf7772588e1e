import { createTheme, Drawer, Modal } from '@mantine/core';

// A dialog's way out has a name, and its head is not a second banner of the page.
const dialog = {
  closeButtonProps: { 'aria-label': 'Close the dialog' },
  attributes: { header: { role: 'presentation' } },
};

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 7 },
  colors: {
    // The dark scheme's greys, with the same touch of blue as app.css.
    dark: [
      '#e7eaee',
      '#b4bdc8',
      '#9aa4b0',
      '#6b7683',
      '#3a424c',
      '#2a3038',
      '#1c2128',
      '#171b21',
      '#12161b',
      '#0f1216',
    ],
  },
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  respectReducedMotion: true,
  components: {
    Modal: Modal.extend({ defaultProps: dialog }),
    Drawer: Drawer.extend({ defaultProps: dialog }),
  },
});
