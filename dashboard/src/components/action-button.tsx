import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { type ButtonHTMLAttributes, type Ref, useId } from 'react';
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
 * readers. A form with one as its submit button checks the reason itself, because
 * Enter in a field submits without it.
 */
export function ActionButton({ unavailable, type = 'button', onClick, ...props }: Props) {
  const reasonId = useId();
  if (!unavailable) return <Button type={type} onClick={onClick} {...props} />;
  return (
    <>
      <Tooltip
        label={unavailable}
        multiline
        maw={280}
        events={{ hover: true, focus: true, touch: true }}
        transitionProps={{ duration: 0 }}
      >
        <Button
          {...props}
          type="button"
          className={[styles.unavailable, props.className].filter(Boolean).join(' ')}
          data-disabled
          aria-disabled="true"
          aria-describedby={reasonId}
        />
      </Tooltip>
      <span id={reasonId} hidden>
        {unavailable}
      </span>
    </>
  );
}
