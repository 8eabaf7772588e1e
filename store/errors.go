package store

import "errors"

// Sentinels. Compare with errors.Is.
var (
	// ErrNotFound: there is no such mission, session or document.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the store can't be reached, or can't write (read-only, out of memory, loading). Whether a write
	// took place is unknown.
	ErrUnavailable = errors.New("store is not available")
	// ErrWiped comes with ErrUnavailable: the store's data is not of the epoch that this process knows, because it was
	// wiped or exchanged. Nothing is read from it or written to it until Epochs.Settle.
	ErrWiped = errors.New("its data was wiped or exchanged; it serves again once the new epoch is settled")
	// ErrNotInMemory: the store can't be reached, and the twin does not have this mission. It may well exist.
	ErrNotInMemory = errors.New("not in memory, and the store is not available")
	// ErrSessionDead: the session was buried. Dead stays dead.
	ErrSessionDead = errors.New("session is dead")
	// ErrSessionChanged: the session renewed, or its missions changed, after the caller had looked. Look again.
	ErrSessionChanged = errors.New("session changed meanwhile")
	// ErrDocumentChanged: the document is another one than the caller read, or is gone. Look again.
	ErrDocumentChanged = errors.New("document changed meanwhile")
	// ErrDocumentsFull: the collection holds MaxDocuments already.
	ErrDocumentsFull = errors.New("no room for one more document")
	// ErrEventsTrimmed: the events after the given id are not kept any more. List again, and go on from LastEvent.
	ErrEventsTrimmed = errors.New("events are not kept that long")
	// ErrCursor: the cursor is none that a list gave.
	ErrCursor = errors.New("cursor is not one that a list gave")
)
