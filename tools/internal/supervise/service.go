package supervise

import "context"

// Service is one process that can be started again and again on the same data. Methods may be called from several
// goroutines.
type Service interface {
	// Restart starts the process, ending it first where it runs, and returns when it is ready. After an error
	// nothing is left running.
	Restart(ctx context.Context) error
	// Stop ends the process gracefully. When the context ends first, it is killed and the context's error returned.
	// No process is left either way; stopping what does not run is no error.
	Stop(ctx context.Context) error
	// Kill ends the process with SIGKILL and returns when it is gone.
	Kill() error
	// Pause freezes the process with SIGSTOP; Resume goes on.
	Pause() error
	Resume() error
	// PID is the process's id, 0 when it does not run.
	PID() int
	// Wait waits for the end of the present life and says how it ended.
	Wait() error
	// LastWords returns up to the last n lines that the process printed.
	LastWords(n int) string
}
