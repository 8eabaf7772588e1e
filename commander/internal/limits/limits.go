// Package limits keeps how many missions of a concurrency key, or of a squad, may run, and tells why one waits.
//
// A limit is a document that all commanders share, and that the store itself reads wherever it admits a mission (store.Gates): so a limit
// holds for all commanders from the moment it is written. What this package adds is that a raised one is made use of at once.
// Whoever dies before that loses nothing but time: the next change of one of the key's or the squad's missions does it.
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
	ErrNotSupported = errors.New("limits need a store of one shard")
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
// are no concurrency keys, and no limits.
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
	if err := k.change(ctx, ofKey(key), k.put(l)); err != nil {
		return Key{}, err
	}
	return k.Get(ctx, key)
}

// Remove makes the limit of a key the default again.
func (k *Keeper) Remove(ctx context.Context, key string) (Key, error) {
	if err := k.change(ctx, ofKey(key), k.remove); err != nil {
		return Key{}, err
	}
	return k.Get(ctx, key)
}

// place is where the limit of something is, and the gate that it is of.
type place struct{ collection, name, gate string }

func ofKey(key string) place { return place{store.LimitsCollection, key, key} }

// write changes a limit's document, from what it is now.
type write func(ctx context.Context, p place, d store.Document) error

func (k *Keeper) put(l contracts.Limit) write {
	return func(ctx context.Context, p place, d store.Document) (err error) {
		if d.Body, err = store.EncodeLimit(l); err != nil {
			return err
		}
		if _, err = k.store.PutDocument(ctx, p.collection, d); errors.Is(err, store.ErrDocumentsFull) {
			err = ErrFull
		}
		return err
	}
}

func (k *Keeper) remove(ctx context.Context, p place, d store.Document) error {
	if d.Version == 0 {
		return nil
	}
	return k.store.DeleteDocument(ctx, p.collection, p.name, d.Version)
}

func (k *Keeper) change(ctx context.Context, p place, do write) error {
	if k.sharded {
		return ErrNotSupported
	}
	err := store.ErrDocumentChanged
	for n := 0; n < tries && errors.Is(err, store.ErrDocumentChanged); n++ {
		var d store.Document
		if d, err = k.document(ctx, p); err == nil {
			err = do(ctx, p, d)
		}
	}
	if err == nil {
		err = k.store.OpenGate(ctx, p.gate)
	}
	if err != nil {
		return fmt.Errorf("write a limit: %w", err)
	}
	k.wake()
	return nil
}

// document returns that of a limit, of version 0 where there is none.
func (k *Keeper) document(ctx context.Context, p place) (store.Document, error) {
	d, err := k.store.Document(ctx, p.collection, p.name)
	if errors.Is(err, store.ErrNotFound) {
		return store.Document{Name: p.name}, nil
	}
	return d, err
}

// Get returns a key as it is now, also one that nobody ever used.
func (k *Keeper) Get(ctx context.Context, key string) (Key, error) {
	d, err := k.document(ctx, ofKey(key))
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

// Why says in words why a mission waits for its concurrency key, or for its squad; it is empty where it does not, or that can't be known now.
func (k *Keeper) Why(ctx context.Context, m contracts.Mission) string {
	switch {
	case m.Status != contracts.StatusQueued:
		return ""
	case m.ConcurrencyKey != "" && k.waits(ctx, m.ConcurrencyKey, m.MissionID):
		return k.whyKey(ctx, m.ConcurrencyKey)
	case !k.sharded && k.waits(ctx, store.SquadGate(m.Squad), m.MissionID):
		return k.whySquad(ctx, m.Squad)
	}
	return ""
}

func (k *Keeper) waits(ctx context.Context, gate, missionID string) bool {
	waits, err := k.store.WaitsAtGate(ctx, gate, missionID)
	return err == nil && waits
}

func (k *Keeper) whyKey(ctx context.Context, name string) string {
	key, err := k.Get(ctx, name)
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
	return fmt.Sprintf("waits for its concurrency key %q: %s", name, why)
}
