package store

import (
	"context"
	"fmt"
)

// Documents keeps what commanders share beside missions: few and small things, in collections, each under a name. What is in
// them is the caller's matter.
//
// A document is changed on the condition that it still is what the caller read, so that several commanders can change it
// side by side: who comes too late reads again.
type Documents interface {
	// Document returns one; ErrNotFound.
	Document(ctx context.Context, collection, name string) (Document, error)
	// ListDocuments returns all of a collection, in the order of their names.
	ListDocuments(ctx context.Context, collection string) ([]Document, Source, error)
	// PutDocument writes one where its version is still d.Version, or where there is none and that is 0, and returns its new
	// version, which no document of that name had before. ErrDocumentChanged where it is another one, ErrDocumentsFull where
	// it would be one more than MaxDocuments.
	PutDocument(ctx context.Context, collection string, d Document) (version int64, err error)
	// DeleteDocument removes one where its version is still the given one. ErrDocumentChanged where it is not, or is gone.
	DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error
}

// Document is one of them.
type Document struct {
	// Name is 1 to MaxDocumentName bytes.
	Name string
	// Version is 0 for none.
	Version int64
	// Body has at most MaxDocumentSize bytes.
	Body []byte
}

// The limits of documents.
const (
	// MaxDocuments is how many a collection holds.
	MaxDocuments    = 1000
	MaxDocumentName = 256
	MaxDocumentSize = 64 << 10
)

// Check returns an error for what no store can keep.
func (d Document) Check() error {
	switch {
	case d.Name == "" || len(d.Name) > MaxDocumentName:
		return fmt.Errorf("a document's name has %d bytes, must be 1 to %d", len(d.Name), MaxDocumentName)
	case len(d.Body) > MaxDocumentSize:
		return fmt.Errorf("document %q has %d bytes, at most %d are allowed", d.Name, len(d.Body), MaxDocumentSize)
	case d.Version < 0:
		return fmt.Errorf("document %q has the version %d, must be 0 or more", d.Name, d.Version)
	}
	return nil
}
