import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { type ButtonHTMLAttributes, type ComponentProps, type Ref, useId } from 'react';
import styles from './action-button.module.css';

type Props = ButtonProps &
  Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ButtonProps | 'disabled'> & {
    ref?: Ref<HTMLButtonElement>;
    /** Why this can't be done now, as a sentence. Leave it out where it can. */
    unavailable?: string;
  };

/**
 * A button that, where it can't be used, says why. It can still be reached by Tab
 * and touched: a disabled one would keep its reason from keyboard and screen
 * readers. It stays the same element when that changes, and while it is busy, so that
 * it keeps the focus, or gets it back from the dialog that it opened. A form with one
 * as its submit button checks the reason itself, because Enter in a field submits
 * without it; a busy submit button is disabled, so that Enter does not submit twice.
 */
export function ActionButton({ unavailable, type = 'button', onClick, className, ...props }: Props) {
  const reasonId = useId();
  const off = Boolean(unavailable);
  const isBusy = props.loading === true && type === 'button';
  return (
    <>
      <Tooltip
        label={unavailable}
        disabled={!off}
        multiline
        maw={280}
        events={{ hover: true, focus: true, touch: true }}
        transitionProps={{ duration: 0 }}
      >
        <Button
          {...props}
          type={off ? 'button' : type}
          onClick={off || isBusy ? undefined : onClick}
          className={[off && styles.unavailable, className].filter(Boolean).join(' ') || undefined}
          renderRoot={isBusy ? keepingTheFocus : undefined}
          {...(off && { 'data-disabled': true, 'aria-disabled': true, 'aria-describedby': reasonId })}
        />
      </Tooltip>
      {off && (
        <span id={reasonId} hidden>
          {unavailable}
        </span>
      )}
    </>
  );
}

/** Mantine disables what is loading, and what is disabled loses the focus. */
function keepingTheFocus({ disabled: _, ...props }: ComponentProps<'button'>) {
  return <button {...props} aria-disabled="true" />;
}
