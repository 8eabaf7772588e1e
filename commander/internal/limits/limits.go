// Package limits keeps how many missions of a concurrency key may run, and tells why one waits.
//
// A limit is a document that all commanders share, and that the store itself reads wherever it admits a mission (store.Gates): so a limit
// holds for all commanders from the moment it is written. What this package adds is that a raised one is made use of at once.
// Whoever dies before that loses nothing but time: the next change of one of the key's missions does it.
package limits

import (
	"context"
	"errors"
	"fmt"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// tries is how often a limit is written anew because others wrote it at the same time.
const tries = 5

// Errors. Compare with errors.Is.
var (
	// ErrFull: there are as many limits as may be.
	ErrFull = errors.New("too many limits")
	// ErrNotSupported: missions lie in more than one shard.
	ErrNotSupported = errors.New("concurrency keys need a store of one shard")
)

// Store is what a Keeper needs of a store.
type Store interface {
	store.Documents
	store.Gates
}

// Keeper keeps limits. It is safe for concurrent use.
type Keeper struct {
	store   Store
	wake    func()
	sharded bool
}

// New returns a Keeper. wake has the dispatcher look for due entries. sharded says that missions lie in more than one shard: then there
// are no concurrency keys.
func New(s Store, wake func(), sharded bool) *Keeper { //nolint:revive // it is what the store is
	return &Keeper{store: s, wake: wake, sharded: sharded}
}

// Supported returns ErrNotSupported where missions can't have concurrency keys.
func (k *Keeper) Supported() error {
	if k.sharded {
		return ErrNotSupported
	}
	return nil
}

// Key is a concurrency key as it is now.
type Key struct {
	Name  string
	Limit contracts.Limit
	// Set says whether the limit was set; else it is the default.
	Set bool
	store.Gate
}

// Set sets the limit of a key: ErrFull, ErrNotSupported.
func (k *Keeper) Set(ctx context.Context, key string, l contracts.Limit) (Key, error) {
	body, err := store.EncodeLimit(l)
	if err != nil {
		return Key{}, err
	}
	return k.change(ctx, key, func(d store.Document) error {
		d.Body = body
		_, err := k.store.PutDocument(ctx, store.LimitsCollection, d)
		if errors.Is(err, store.ErrDocumentsFull) {
			err = ErrFull
		}
		return err
	})
}

// Remove makes the limit of a key the default again.
func (k *Keeper) Remove(ctx context.Context, key string) (Key, error) {
	return k.change(ctx, key, func(d store.Document) error {
		if d.Version == 0 {
			return nil
		}
		return k.store.DeleteDocument(ctx, store.LimitsCollection, key, d.Version)
	})
}

func (k *Keeper) change(ctx context.Context, key string, write func(store.Document) error) (Key, error) {
	if k.sharded {
		return Key{}, ErrNotSupported
	}
	err := store.ErrDocumentChanged
	for n := 0; n < tries && errors.Is(err, store.ErrDocumentChanged); n++ {
		var d store.Document
		if d, err = k.document(ctx, key); err == nil {
			err = write(d)
		}
	}
	if err == nil {
		err = k.store.OpenGate(ctx, key)
	}
	if err != nil {
		return Key{}, fmt.Errorf("write the limit of a concurrency key: %w", err)
	}
	k.wake()
	return k.Get(ctx, key)
}

// document returns that of a key's limit, of version 0 where there is none.
func (k *Keeper) document(ctx context.Context, key string) (store.Document, error) {
	d, err := k.store.Document(ctx, store.LimitsCollection, key)
	if errors.Is(err, store.ErrNotFound) {
		return store.Document{Name: key}, nil
	}
	return d, err
}

// Get returns a key as it is now, also one that nobody ever used.
func (k *Keeper) Get(ctx context.Context, key string) (Key, error) {
	d, err := k.document(ctx, key)
	if err != nil {
		return Key{}, fmt.Errorf("read the limit of a concurrency key: %w", err)
	}
	keys, err := k.with(ctx, d)
	if err != nil {
		return Key{}, err
	}
	return keys[0], nil
}

// List returns the keys whose limit is set, in the order of their names.
func (k *Keeper) List(ctx context.Context) ([]Key, error) {
	all, _, err := k.store.ListDocuments(ctx, store.LimitsCollection)
	if err != nil {
		return nil, fmt.Errorf("list limits: %w", err)
	}
	return k.with(ctx, all...)
}

// with returns the keys of some limits, with who stands at their gates.
func (k *Keeper) with(ctx context.Context, limits ...store.Document) ([]Key, error) {
	names := make([]string, len(limits))
	for i, d := range limits {
		names[i] = d.Name
	}
	gates, err := k.store.Gates(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("count missions of concurrency keys: %w", err)
	}
	keys := make([]Key, len(limits))
	for i, d := range limits {
		keys[i] = Key{Name: d.Name, Limit: store.DecodeLimit(d.Body), Set: d.Version != 0, Gate: gates[i]}
	}
	return keys, nil
}

// Why says in words why a mission waits for its concurrency key; it is empty where it does not, or that can't be known now.
func (k *Keeper) Why(ctx context.Context, m contracts.Mission) string {
	if m.ConcurrencyKey == "" || m.Status != contracts.StatusQueued {
		return ""
	}
	if waits, err := k.store.WaitsAtGate(ctx, m.ConcurrencyKey, m.MissionID); err != nil || !waits {
		return ""
	}
	key, err := k.Get(ctx, m.ConcurrencyKey)
	if err != nil {
		return ""
	}
	why := "others came before it"
	switch r := key.Limit.Rate; {
	case key.Admitted >= key.Limit.MaxRunning:
		why = fmt.Sprintf("limit %d reached", key.Limit.MaxRunning)
	case r != nil:
		why = fmt.Sprintf("rate of %d starts in %d s reached", r.Starts, r.PeriodSeconds)
	}
	return fmt.Sprintf("waits for its concurrency key %q: %s", m.ConcurrencyKey, why)
}
