package tokenauth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultCheckEvery is how often FileKeys looks at its files.
	DefaultCheckEvery = 5 * time.Second
	// MaxKeys is how many keys one set may hold.
	MaxKeys = 64

	maxKeyFileBytes = 64 << 10
	// Unknown key ids make FileKeys look at its files, no more often than this.
	fileRefreshMin = time.Second
)

// FilesConfig says where the keys are.
type FilesConfig struct {
	// Paths are files, or folders whose *.pem files are taken in the order of
	// their names. Each file holds one or more PEM blocks: Ed25519 keys as
	// "PRIVATE KEY" (PKCS#8) or "PUBLIC KEY" (SPKI), as openssl writes them.
	// At most 64 KiB a file, at most MaxKeys keys. Required. Replace a file by
	// renaming a whole one over it.
	Paths []string
	// CheckEvery is how often a started set reads them again: 5 s by default.
	CheckEvery time.Duration
	// OnError is told each time when files that changed could not be used and
	// the set before stays. Optional. It must return soon and must not call
	// Refresh, Stop or a verifier, which would wait for it.
	OnError func(error)
}

// FileKeys is a KeySet of key files. All keys in them are accepted; the last
// private one signs. A key's id is its RFC 7638 thumbprint, so that the private
// and the public half, wherever they lie, have the same one.
//
// Files that change are taken while it runs, without a moment in which a key
// is missing: either all files are good and replace the set as one, or the set
// before stays and OnError is told. A set that could sign never becomes one
// that can't.
//
// A key is replaced without one refused token in three steps, which an issuer,
// its copies and those who verify by the same files may each take at a time of
// their own: add the new public key everywhere; when all have seen it (and each
// JWKS cached before has aged), put the private key at the issuers, under a
// name that sorts last; when the tokens of the old one have ended, remove that.
type FileKeys struct {
	cfg  FilesConfig
	life *life

	reading sync.Mutex // one reader at a time; taken before mu
	mu      sync.Mutex
	keys    fileSet // replaced, never changed in place
	// refused is the sum of files that were last found bad, to be told once.
	refused [sha256.Size]byte
	looked  time.Time
}

// fileSet is what files held at a time.
type fileSet struct {
	sum      [sha256.Size]byte
	accepted []Key // public halves
	signing  Key   // zero: there is no private one
}

// NewFileKeys reads the files; the error is ErrKeySet, and names the file, if
// they can't be used. Without Start they are read again only for key ids that
// are not known.
func NewFileKeys(cfg FilesConfig) (*FileKeys, error) {
	if len(cfg.Paths) == 0 {
		return nil, errors.New("key files: none are named: set FilesConfig.Paths")
	}
	if cfg.CheckEvery < 0 {
		return nil, fmt.Errorf("FilesConfig.CheckEvery is %s: give a time over 0, or 0 for %s", cfg.CheckEvery, DefaultCheckEvery)
	}
	if cfg.CheckEvery == 0 {
		cfg.CheckEvery = DefaultCheckEvery
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	cfg.Paths = slices.Clone(cfg.Paths)
	contents, err := readKeyFiles(cfg.Paths)
	if err != nil {
		return nil, err
	}
	keys, err := parseKeyFiles(contents)
	if err != nil {
		return nil, err
	}
	return &FileKeys{cfg: cfg, life: newLife(), keys: keys}, nil
}

// Start reads the files again every CheckEvery until Stop; it returns at once.
// The end of ctx does not end it. A second Start does nothing; after Stop it is
// ErrStopped.
func (f *FileKeys) Start(ctx context.Context) error { return f.life.start(ctx, f.run) }

// Stop ends the watching and waits for it, or for ctx, whose error it then
// returns. The keys stay as they are.
func (f *FileKeys) Stop(ctx context.Context) error { return f.life.stop(ctx, "the key files' watch") }

func (f *FileKeys) run(ctx context.Context) {
	ticker := time.NewTicker(f.cfg.CheckEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f.check(0)
		}
	}
}

// Signing is the last private key in the order of the paths and of the names
// in a folder. The error is ErrCannotSign if there is none.
func (f *FileKeys) Signing(time.Time) (Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys.signing.ID == "" {
		return Key{}, fmt.Errorf("%w: no file under %q holds a private key", ErrCannotSign, f.cfg.Paths)
	}
	return f.keys.signing, nil
}

// Accepted is every key in the files, in their order.
func (f *FileKeys) Accepted(time.Time) []Key {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.keys.accepted)
}

// Refresh reads the files again, unless that was done within the last second.
func (f *FileKeys) Refresh() { f.check(fileRefreshMin) }

// check reads the files and takes them if they changed and are good, unless
// they were looked at less than age ago.
func (f *FileKeys) check(age time.Duration) {
	f.reading.Lock()
	defer f.reading.Unlock()
	f.mu.Lock()
	current, refused, looked := f.keys, f.refused, f.looked
	f.mu.Unlock()
	if !looked.IsZero() && time.Since(looked) < age {
		return
	}
	keys, sum, err := f.read(current)
	f.mu.Lock()
	f.looked = time.Now()
	if err == nil {
		f.keys, f.refused = keys, [sha256.Size]byte{}
	} else {
		f.refused = sum
	}
	f.mu.Unlock()
	if err != nil && sum != refused {
		f.cfg.OnError(fmt.Errorf("reading changed key files, the keys before stay: %w", err))
	}
}

// read gives what the files hold now: current itself if nothing changed. With
// an error, sum names what was wrong, so that it is told once.
func (f *FileKeys) read(current fileSet) (keys fileSet, sum [sha256.Size]byte, err error) {
	contents, err := readKeyFiles(f.cfg.Paths)
	if err != nil {
		return fileSet{}, sha256.Sum256([]byte(err.Error())), err
	}
	if sum = sumOf(contents); sum == current.sum {
		return current, sum, nil
	}
	if keys, err = parseKeyFiles(contents); err != nil {
		return fileSet{}, sum, err
	}
	if current.signing.ID != "" && keys.signing.ID == "" {
		return fileSet{}, sum, fmt.Errorf("%w: the last private key is gone; stop the issuer if it should not sign any more", ErrKeySet)
	}
	return keys, sum, nil
}

// keyFile is one file's content.
type keyFile struct {
	path string
	body []byte
}

func sumOf(files []keyFile) [sha256.Size]byte {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %d\n", f.path, len(f.body))
		_, _ = h.Write(f.body) // a hash takes everything
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func readKeyFiles(paths []string) ([]keyFile, error) {
	var files []keyFile
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrKeySet, err)
		}
		names := []string{path}
		if info.IsDir() {
			if names, err = pemFiles(path); err != nil {
				return nil, err
			}
		}
		for _, name := range names {
			body, err := readKeyFile(name)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrKeySet, err)
			}
			files = append(files, keyFile{path: name, body: body})
		}
	}
	return files, nil
}

// pemFiles are the *.pem files of a folder by name. Editors' and Kubernetes'
// files that begin with a dot are not looked at.
func pemFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder) // sorted
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeySet, err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".pem") && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, filepath.Join(folder, e.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: folder %s holds no *.pem file", ErrKeySet, folder)
	}
	return names, nil
}

func readKeyFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	body, err := io.ReadAll(io.LimitReader(file, maxKeyFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxKeyFileBytes {
		return nil, fmt.Errorf("%s has more than %d bytes: is it a key file?", path, maxKeyFileBytes)
	}
	return body, nil
}

func parseKeyFiles(files []keyFile) (fileSet, error) {
	set := fileSet{sum: sumOf(files)}
	for _, file := range files {
		keys, err := ParsePEM(file.body)
		if err != nil {
			return fileSet{}, fmt.Errorf("file %s: %w", file.path, err)
		}
		for _, key := range keys {
			if key.Private != nil {
				set.signing = key
			}
			// The same key may come as its public half first and as a whole later.
			if !slices.ContainsFunc(set.accepted, func(k Key) bool { return k.ID == key.ID }) {
				set.accepted = append(set.accepted, Key{ID: key.ID, Public: key.Public})
			}
		}
	}
	if len(set.accepted) > MaxKeys {
		return fileSet{}, fmt.Errorf("%w: %d keys, at most %d are kept: remove those whose tokens have ended", ErrKeySet, len(set.accepted), MaxKeys)
	}
	return set, nil
}

// ParsePEM reads Ed25519 keys from PEM: private as PKCS#8, public as SPKI, one
// or more blocks, text between them allowed. Each key's id is its RFC 7638
// thumbprint. The error is ErrKeySet and never repeats the content.
func ParsePEM(data []byte) ([]Key, error) {
	var keys []Key
	rest := data
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		key, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	switch {
	case bytes.Count(data, []byte("-----BEGIN ")) != len(keys):
		return nil, fmt.Errorf("%w: a PEM block in it is cut off or damaged", ErrKeySet)
	case len(keys) == 0:
		return nil, fmt.Errorf("%w: it holds no PEM block; make a key with: openssl genpkey -algorithm ed25519", ErrKeySet)
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (Key, error) {
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		private, ok := parsed.(ed25519.PrivateKey)
		if err != nil || !ok {
			return Key{}, fmt.Errorf("%w: its private key is no Ed25519 key in PKCS#8; make one with: openssl genpkey -algorithm ed25519", ErrKeySet)
		}
		public := private.Public().(ed25519.PublicKey)
		return Key{ID: thumbprint(public), Private: private, Public: public}, nil
	case "PUBLIC KEY":
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := parsed.(ed25519.PublicKey)
		if err != nil || !ok {
			return Key{}, fmt.Errorf("%w: its public key is no Ed25519 key in SPKI; write one with: openssl pkey -pubout", ErrKeySet)
		}
		return Key{ID: thumbprint(public), Public: public}, nil
	case "ENCRYPTED PRIVATE KEY":
		return Key{}, fmt.Errorf("%w: its private key is encrypted; write it without a passphrase: openssl pkey -in FILE -out FILE", ErrKeySet)
	default:
		return Key{}, fmt.Errorf("%w: it holds a block of another kind than PRIVATE KEY (PKCS#8) and PUBLIC KEY (SPKI)", ErrKeySet)
	}
}

// thumbprint is RFC 7638 for RFC 8037 keys: members in this order, no spaces.
func thumbprint(public ed25519.PublicKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + encode(public) + `"}`))
	return encode(sum[:])
}
