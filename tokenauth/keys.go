package tokenauth

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Key is one Ed25519 key and its id. It prints as its id alone.
type Key struct {
	ID string
	// Private is nil in keys that serve to verify only.
	Private ed25519.PrivateKey `json:"-"`
	Public  ed25519.PublicKey
}

// String is the key's id: a key in a log line shows nothing secret.
func (k Key) String() string { return k.ID }

// GoString is the key's id, for %#v.
func (k Key) GoString() string { return "tokenauth.Key(" + k.ID + ")" }

// KeySet gives the keys of a time. Implementations are safe for concurrent use
// and fast: a verifier asks at every call.
type KeySet interface {
	// Signing is the key to sign with at now.
	Signing(now time.Time) (Key, error)
	// Accepted is every key whose tokens are accepted at now, oldest first,
	// without private parts. The caller may keep and change the slice.
	Accepted(now time.Time) []Key
}

// Refresher is a KeySet that may be behind where its keys come from. A verifier
// that meets a key id which is not accepted calls Refresh once and looks again.
type Refresher interface {
	KeySet
	// Refresh brings the set up to date and returns when that is done or was
	// given up, after a bounded time. It is called for tokens that anybody may
	// have made up: an implementation limits how often it really asks, and
	// returns at once otherwise.
	Refresh()
}

const (
	// MinSecretBytes is the shortest secret that keys are derived from.
	MinSecretBytes = 32
	// DefaultPeriod is how long one derived key signs.
	DefaultPeriod = 24 * time.Hour

	periodsBefore = 2
	periodsAfter  = 1
)

// DerivedConfig says what a key set is derived from. All services that share
// tokens must give the same three values.
type DerivedConfig struct {
	// Secret: at least 32 random bytes. It is copied.
	Secret []byte
	// Label separates key sets made from one secret, and begins each key id.
	// Required.
	Label string
	// Period is how long one key signs: whole seconds, at least one minute,
	// 24 h by default. Tokens must live much shorter than that.
	Period time.Duration
}

// DerivedKeys is a KeySet that needs no storage: the key of a period is the
// Ed25519 key whose seed is HKDF-SHA256(secret, label, period number). Accepted
// are the current key, the two before and the one after, so tokens outlive
// midnight, a backlog of two days, and services whose clocks differ.
type DerivedKeys struct {
	secret []byte
	label  string
	period time.Duration

	mu     sync.Mutex
	number int64 // of the period that signing and accepted belong to
	ready  bool
	// signing and accepted are replaced, never changed in place.
	signing  Key
	accepted []Key
}

// NewDerivedKeys checks the configuration and derives nothing yet.
func NewDerivedKeys(cfg DerivedConfig) (*DerivedKeys, error) {
	if cfg.Period == 0 {
		cfg.Period = DefaultPeriod
	}
	if err := checkDerive(cfg.Secret, cfg.Label); err != nil {
		return nil, err
	}
	if cfg.Period < time.Minute || cfg.Period%time.Second != 0 {
		return nil, fmt.Errorf("key period %s: give whole seconds, at least one minute", cfg.Period)
	}
	return &DerivedKeys{secret: slices.Clone(cfg.Secret), label: cfg.Label, period: cfg.Period}, nil
}

// Signing gives the key of now's period. It fails only where HKDF does, which
// in FIPS mode may refuse its input.
func (d *DerivedKeys) Signing(now time.Time) (Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.turn(now); err != nil {
		return Key{}, err
	}
	return d.signing, nil
}

// Accepted gives the public keys of now's period, the two before and the one
// after. It is empty where Signing fails.
func (d *DerivedKeys) Accepted(now time.Time) []Key {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.turn(now); err != nil {
		return nil
	}
	return slices.Clone(d.accepted)
}

// turn derives the keys of now's period unless they are at hand.
func (d *DerivedKeys) turn(now time.Time) error {
	n := d.periodOf(now)
	if d.ready && n == d.number {
		return nil
	}
	var signing Key
	var accepted []Key
	for i := n - periodsBefore; i <= n+periodsAfter; i++ {
		key, err := d.derive(i)
		if err != nil {
			return fmt.Errorf("deriving the signing key of period %d: %w", i, err)
		}
		if i == n {
			signing = key
		}
		accepted = append(accepted, Key{ID: key.ID, Public: key.Public})
	}
	d.number, d.ready, d.signing, d.accepted = n, true, signing, accepted
	return nil
}

// periodOf rounds down, also before 1970.
func (d *DerivedKeys) periodOf(now time.Time) int64 {
	seconds, period := now.Unix(), int64(d.period/time.Second)
	n := seconds / period
	if seconds%period < 0 {
		n--
	}
	return n
}

func (d *DerivedKeys) derive(n int64) (Key, error) {
	period := int64(d.period / time.Second)
	// The first word keeps these apart from what DeriveKey makes, the period's
	// length keeps apart the keys before and after someone changes it.
	info := fmt.Sprintf("tokenauth signing key\x00%s\x00%d\x00%d", d.label, period, n)
	seed, err := hkdf.Key(sha256.New, d.secret, nil, info, ed25519.SeedSize)
	if err != nil {
		return Key{}, err
	}
	private := ed25519.NewKeyFromSeed(seed)
	return Key{
		ID:      d.label + "-" + time.Unix(n*period, 0).UTC().Format("20060102T150405Z"),
		Private: private,
		Public:  private.Public().(ed25519.PublicKey),
	}, nil
}

// DeriveKey makes a key for another use (a MAC, say) from the secret: the same
// secret, label and size give the same key for ever; it knows no period. size
// is in bytes, 16 to 255*32. Different labels give independent keys, and none
// is ever a signing key of [DerivedKeys].
func DeriveKey(secret []byte, label string, size int) ([]byte, error) {
	if err := checkDerive(secret, label); err != nil {
		return nil, err
	}
	if size < 16 || size > 255*sha256.Size {
		return nil, fmt.Errorf("derived key of %d bytes: give 16 to %d", size, 255*sha256.Size)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "tokenauth derived key\x00"+label, size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key %q: %w", label, err)
	}
	return key, nil
}

func checkDerive(secret []byte, label string) error {
	if len(secret) < MinSecretBytes {
		return fmt.Errorf("secret has %d bytes: give at least %d random ones", len(secret), MinSecretBytes)
	}
	if label == "" {
		return errors.New("label is empty: give each use of the secret its own")
	}
	return nil
}
