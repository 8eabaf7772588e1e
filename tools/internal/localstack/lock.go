package localstack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// LockedError means that another process owns the state folder.
type LockedError struct {
	PID int // 0 when it could not be read
}

// Error names the owner.
func (e *LockedError) Error() string {
	return fmt.Sprintf("another `missionctl up` (pid %d) runs on this state folder: end it with `missionctl down`", e.PID)
}

// Lock owns a state folder until Unlock or the end of the process, however that comes.
type Lock struct{ file *os.File }

// TakeLock makes the folder and takes its lock, or returns *LockedError.
func TakeLock(stateDir string) (*Lock, error) {
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	file, err := os.OpenFile(lockPath(stateDir), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the state folder's lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		owner := readPID(file)
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &LockedError{PID: owner}
		}
		return nil, fmt.Errorf("taking the state folder's lock: %w", err)
	}
	if _, err := file.WriteAt(fmt.Appendf(nil, "%-10d\n", os.Getpid()), 0); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the state folder's lock: %w", err), file.Close())
	}
	return &Lock{file: file}, nil
}

// Unlock gives the folder back.
func (l *Lock) Unlock() error { return l.file.Close() }

// Owner returns the process that owns the folder, 0 when none does. Only a held lock counts, so that the pid of a
// process that ended long ago is never taken for the owner.
func Owner(stateDir string) (int, error) {
	lock, err := probe(stateDir)
	var locked *LockedError
	switch {
	case errors.Is(err, fs.ErrNotExist): // nobody ever ran here
		return 0, nil
	case errors.As(err, &locked):
		return locked.PID, nil
	case err != nil:
		return 0, err
	}
	return 0, lock.Unlock()
}

// probe is TakeLock without claiming to be the owner. The folder is shared with other probes, not with an owner.
func probe(stateDir string) (*Lock, error) {
	file, err := os.Open(lockPath(stateDir))
	if err != nil {
		return nil, fmt.Errorf("opening the state folder's lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err != nil {
		owner := readPID(file)
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &LockedError{PID: owner}
		}
		return nil, fmt.Errorf("looking at the state folder's lock: %w", err)
	}
	return &Lock{file: file}, nil
}

func readPID(file *os.File) int {
	content := make([]byte, 32)
	n, _ := file.ReadAt(content, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(content[:n])))
	return pid
}

func lockPath(stateDir string) string { return filepath.Join(stateDir, "lock") }

// Clear removes everything of the folder but its lock.
func (l *Lock) Clear() error {
	dir := filepath.Dir(l.file.Name())
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("clearing the state folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == filepath.Base(l.file.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("clearing the state folder: %w", err)
		}
	}
	return nil
}
