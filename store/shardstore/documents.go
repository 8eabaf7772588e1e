package shardstore

import (
	"context"

	"github.com/mission-control-dev/mission-control/store"
)

// Documents are those of the first shard.

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, collection, name string) (store.Document, error) {
	return s.shards[0].Document(ctx, collection, name)
}

// ListDocuments implements store.Documents.
func (s *Store) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	return s.shards[0].ListDocuments(ctx, collection)
}

// PutDocument implements store.Documents.
func (s *Store) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	return s.shards[0].PutDocument(ctx, collection, d)
}

// DeleteDocument implements store.Documents.
func (s *Store) DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error {
	return s.shards[0].DeleteDocument(ctx, collection, name, ifVersion)
}
