package dualstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/store"
)

// Document implements store.Documents. It is the primary's alone: what is read to be changed must be the truth.
func (s *Store) Document(ctx context.Context, collection, name string) (store.Document, error) {
	return s.primary.Document(ctx, collection, name)
}

// listPatience is how long a list of documents may take, which may have 64 MB.
const listPatience = 2 * time.Second

// ListDocuments implements store.Documents. From memory it is the list that was read last; ErrNotInMemory where none was. A list that
// takes its time says nothing of whether the primary is away.
func (s *Store) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	type listed struct {
		documents []store.Document
		source    store.Source
	}
	if err := ctx.Err(); err != nil {
		return nil, store.Source{}, err
	}
	if s.breaker.isAway() {
		return s.rememberDocuments(collection)
	}
	l, err := askWithin(ctx, listPatience, func(ctx context.Context) (listed, error) {
		list, source, err := s.primary.ListDocuments(ctx, collection)
		if err == nil {
			s.keepDocuments(collection, list)
		}
		return listed{list, source}, err
	})
	if errors.Is(err, store.ErrUnavailable) {
		return s.rememberDocuments(collection)
	}
	return l.documents, l.source, err
}

// rememberDocuments answers from memory.
func (s *Store) rememberDocuments(collection string) ([]store.Document, store.Source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.documents[collection]
	if !ok {
		return nil, store.Source{}, store.ErrNotInMemory
	}
	return cloneDocuments(kept.value), store.Source{Degraded: true, AsOf: kept.at}, nil
}

// PutDocument implements store.Documents.
func (s *Store) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	return s.primary.PutDocument(ctx, collection, d)
}

// DeleteDocument implements store.Documents.
func (s *Store) DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error {
	return s.primary.DeleteDocument(ctx, collection, name, ifVersion)
}

func (s *Store) keepDocuments(collection string, list []store.Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.documents == nil {
		s.documents = map[string]remembered[[]store.Document]{}
	}
	s.documents[collection] = remembered[[]store.Document]{cloneDocuments(list), s.nowLocked()}
}

func cloneDocuments(list []store.Document) []store.Document {
	list = slices.Clone(list)
	for i := range list {
		list[i].Body = bytes.Clone(list[i].Body)
	}
	return list
}
