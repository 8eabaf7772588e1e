package memstore

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/mission-control-dev/mission-control/store"
)

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, collection, name string) (store.Document, error) {
	if err := ctx.Err(); err != nil {
		return store.Document{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.documents[collection][name]
	if !ok {
		return store.Document{}, store.ErrNotFound
	}
	d.Body = bytes.Clone(d.Body)
	return d, nil
}

// ListDocuments implements store.Documents.
func (s *Store) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, store.Source{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []store.Document
	for _, d := range s.documents[collection] {
		d.Body = bytes.Clone(d.Body)
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b store.Document) int { return cmp.Compare(a.Name, b.Name) })
	return list, store.Source{}, nil
}

// PutDocument implements store.Documents.
func (s *Store) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	if err := cmp.Or(ctx.Err(), d.Check()); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	documents := s.documents[collection]
	before := documents[d.Name]
	switch {
	case before.Version != d.Version:
		return 0, store.ErrDocumentChanged
	case d.Version == 0 && len(documents) >= store.MaxDocuments:
		return 0, store.ErrDocumentsFull
	case documents == nil:
		documents = map[string]store.Document{}
		s.documents[collection] = documents
	}
	s.documentVersion++
	d.Version, d.Body = s.documentVersion, bytes.Clone(d.Body)
	documents[d.Name] = d
	return d.Version, nil
}

// DeleteDocument implements store.Documents.
func (s *Store) DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.documents[collection][name]; d.Version != ifVersion || d.Version == 0 {
		return store.ErrDocumentChanged
	}
	delete(s.documents[collection], name)
	return nil
}
