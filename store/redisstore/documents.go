package redisstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// Document implements store.Documents.
func (s *Store) Document(ctx context.Context, collection, name string) (store.Document, error) {
	var kept rueidis.RedisMessage
	err := s.do(ctx, "read document", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Hmget().Key(s.keys.documents(collection)).Field(name).Build())
		if err != nil {
			return err
		}
		values, err := results[0].ToArray()
		if err == nil {
			kept = values[0]
		}
		return err
	})
	switch {
	case err != nil:
		return store.Document{}, err
	case kept.IsNil() || name == "":
		return store.Document{}, store.ErrNotFound
	}
	text, err := kept.ToString()
	if err != nil {
		return store.Document{}, fmt.Errorf("document %q in redis is unreadable: %w", name, err)
	}
	return decodeDocument(collection, name, text)
}

// ListDocuments implements store.Documents.
func (s *Store) ListDocuments(ctx context.Context, collection string) ([]store.Document, store.Source, error) {
	var all map[string]string
	err := s.do(ctx, "list documents", func(ctx context.Context, client rueidis.Client) error {
		results, err := s.read(ctx, client, client.B().Hgetall().Key(s.keys.documents(collection)).Build())
		if err == nil {
			all, err = results[0].AsStrMap()
		}
		return err
	})
	if err != nil {
		return nil, store.Source{}, err
	}
	delete(all, "") // the last version
	var list []store.Document
	for name, text := range all {
		d, err := decodeDocument(collection, name, text)
		if err != nil {
			return nil, store.Source{}, err
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b store.Document) int { return cmp.Compare(a.Name, b.Name) })
	return list, store.Source{}, nil
}

// PutDocument implements store.Documents.
func (s *Store) PutDocument(ctx context.Context, collection string, d store.Document) (int64, error) {
	if err := d.Check(); err != nil {
		return 0, err
	}
	reply, err := s.run(ctx, "write document", s.scripts.putDocument, []string{s.keys.documents(collection)},
		[]string{d.Name, documentVersion(d.Version), rueidis.BinaryString(d.Body), strconv.Itoa(store.MaxDocuments)})
	switch {
	case err != nil:
		return 0, err
	case reply[0] == "c":
		return 0, store.ErrDocumentChanged
	case reply[0] == "f":
		return 0, store.ErrDocumentsFull
	}
	return strconv.ParseInt(reply[0], 10, 64)
}

// DeleteDocument implements store.Documents.
func (s *Store) DeleteDocument(ctx context.Context, collection, name string, ifVersion int64) error {
	reply, err := s.run(ctx, "delete document", s.scripts.deleteDocument, []string{s.keys.documents(collection)},
		[]string{name, documentVersion(ifVersion)})
	if err == nil && reply[0] == "0" {
		err = store.ErrDocumentChanged
	}
	return err
}

// documentVersion is a version as it stands before the body.
func documentVersion(v int64) string { return rueidis.BinaryString(put64(nil, v)) }

func decodeDocument(collection, name, text string) (store.Document, error) {
	if len(text) < 8 {
		return store.Document{}, fmt.Errorf("document %q of %s in redis is cut", name, collection)
	}
	version := binary.BigEndian.Uint64([]byte(text[:8]))
	return store.Document{Name: name, Version: int64(version), Body: []byte(text[8:])}, nil //nolint:gosec // as it was written
}
