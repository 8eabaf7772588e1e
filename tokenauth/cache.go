package tokenauth

import (
	"crypto/sha256"
	"sync"
)

// cacheEntries bounds a verifier's memory to a few MiB.
const cacheEntries = 4096

// verified is a token whose signature was good under key.
type verified struct {
	claims Claims // shared: clone before handing out
	key    Key
}

// cache remembers verified tokens, by their hash so that it holds no token.
// It keeps two generations of half its size each: new and used entries go to
// the young one; when that is full, the old one is dropped. So what is in use
// stays, and nothing needs a clock or a list.
type cache struct {
	mu         sync.Mutex
	half       int
	young, old map[[sha256.Size]byte]verified
}

func newCache(entries int) *cache {
	return &cache{half: entries / 2, young: map[[sha256.Size]byte]verified{}}
}

func (c *cache) get(raw string) (verified, bool) {
	id := sha256.Sum256([]byte(raw))
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.young[id]; ok {
		return v, true
	}
	v, ok := c.old[id]
	if ok {
		c.add(id, v)
	}
	return v, ok
}

func (c *cache) put(raw string, v verified) {
	id := sha256.Sum256([]byte(raw))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(id, v)
}

func (c *cache) add(id [sha256.Size]byte, v verified) {
	if len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[[sha256.Size]byte]verified, c.half)
	}
	c.young[id] = v
}
