package httpapi

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// hosts knows by which names this commander may be called.
type hosts struct {
	// names are lower-case hosts, and host:port where only that port is allowed.
	names map[string]bool
	// anyAddress: every literal address is this machine's own, since it listens on all of them. A literal address can't be
	// pointed elsewhere by a name server, so nothing is lost by that.
	anyAddress bool
}

func newHosts(listen string, allowed []string) hosts {
	h := hosts{names: map[string]bool{"localhost": true}}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		host = listen
	}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		h.anyAddress = true
	} else {
		h.names[strings.ToLower(host)] = true
	}
	for _, name := range allowed {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			h.names[name] = true
		}
	}
	return h
}

// allows tells whether a host, with or without a port, is one of this commander.
func (h hosts) allows(hostport string) bool {
	hostport = strings.ToLower(hostport)
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	if h.names[host] || h.names[hostport] {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.IsLoopback() || h.anyAddress)
}

func (h hosts) checkHost(c *fiber.Ctx) error {
	req := &c.Context().Request
	// A request may name its host twice, in its target and in the header: neither may be a stranger's.
	named, target := req.Header.Host(), req.URI().Host()
	if h.allows(string(named)) && (bytes.Equal(named, target) || h.allows(string(target))) {
		return nil
	}
	return refusal{status: fiber.StatusForbidden, code: "host_not_allowed",
		detail: "This commander is not called by that Host. Call it by localhost or its address, or add the name to COMMANDER_ALLOWED_HOSTS."}
}

// checkOrigin lets a browser write only from pages of allowed hosts. Other clients send no Origin.
func (h hosts) checkOrigin(c *fiber.Ctx) error {
	sent := c.Request().Header.PeekAll(fiber.HeaderOrigin)
	if len(sent) == 0 {
		return nil
	}
	if len(sent) == 1 {
		u, err := url.Parse(string(sent[0]))
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") && h.allows(u.Host) {
			return nil
		}
	}
	return refusal{status: fiber.StatusForbidden, code: "origin_not_allowed",
		detail: "Pages of that Origin may not change anything here. Add its host to COMMANDER_ALLOWED_HOSTS if they should."}
}

// keys compares keys without telling by its time how much of one was right: digests are compared, all of them.
type keys struct {
	client, soldier [sha256.Size]byte
	open            bool // clients need no key
}

func newKeys(client, soldier string) keys {
	return keys{client: sha256.Sum256([]byte(client)), soldier: sha256.Sum256([]byte(soldier)), open: client == ""}
}

func (k keys) checkClient(c *fiber.Ctx) error {
	if k.open || matches(c, k.client) {
		return nil
	}
	return refusal{status: fiber.StatusUnauthorized, code: "unauthorized",
		detail: "This commander asks for its API key. Send it as Authorization: Bearer <COMMANDER_API_KEY>."}
}

func (k keys) checkSoldier(c *fiber.Ctx) error {
	if matches(c, k.soldier) {
		return nil
	}
	return refusal{status: fiber.StatusUnauthorized, code: "unauthorized",
		detail: "The enrolment key is missing or wrong. SOLDIER_ENROLLMENT_KEY must be the commander's COMMANDER_ENROLLMENT_KEY."}
}

func matches(c *fiber.Ctx, want [sha256.Size]byte) bool {
	scheme, key, _ := strings.Cut(string(c.Request().Header.Peek(fiber.HeaderAuthorization)), " ")
	got := sha256.Sum256([]byte(strings.TrimSpace(key)))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}
