package bearer

import (
	"errors"
	"strings"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

// DefaultRealm names the protected part of a service where nothing else does.
const DefaultRealm = "api"

// Config says which requests pass.
type Config struct {
	// Verifier judges the tokens, at now. Required.
	Verifier *tokenauth.Verifier
	// Realm is written into WWW-Authenticate: printable ASCII without quotes
	// and backslashes; "api" by default.
	Realm string
	// Allow says whether a good token's holder may do what is asked here. Nil:
	// every good token may. It must not change the claims.
	Allow func(tokenauth.Claims) bool
	// OnRefused is told each refusal, for counters and logs; it holds no token.
	// Optional. It must return soon.
	OnRefused func(Problem)
}

// Guard judges requests. It is safe for concurrent use.
type Guard struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Guard, error) {
	if cfg.Realm == "" {
		cfg.Realm = DefaultRealm
	}
	if cfg.Verifier == nil {
		return nil, errors.New("bearer guard has no verifier: set Config.Verifier")
	}
	if strings.ContainsFunc(cfg.Realm, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return nil, errors.New("bearer guard's realm must be printable ASCII without quotes and backslashes: change Config.Realm")
	}
	if cfg.Allow == nil {
		cfg.Allow = func(tokenauth.Claims) bool { return true }
	}
	if cfg.OnRefused == nil {
		cfg.OnRefused = func(Problem) {}
	}
	return &Guard{cfg: cfg}, nil
}

// Check judges the values of a request's Authorization headers. It gives the
// token's claims, or the problem to answer with. It may wait where the
// verifier's keys are a tokenauth.Refresher. It keeps nothing of the values.
func (g *Guard) Check(authorization []string) (tokenauth.Claims, *Problem) {
	raw, problem := token(authorization)
	if problem != nil {
		return tokenauth.Claims{}, g.refuse(*problem)
	}
	claims, err := g.cfg.Verifier.Verify(raw)
	if err != nil {
		return tokenauth.Claims{}, g.refuse(problemOf(err))
	}
	if !g.cfg.Allow(claims) {
		return tokenauth.Claims{}, g.refuse(notAllowed())
	}
	return claims, nil
}

func (g *Guard) refuse(p Problem) *Problem {
	p.realm = g.cfg.Realm
	g.cfg.OnRefused(p)
	return &p
}

// token finds the one token of a request.
func token(authorization []string) (string, *Problem) {
	if len(authorization) > 1 {
		p := badAuthorization("The request has more than one Authorization header. Send one.")
		return "", &p
	}
	scheme, raw := "", ""
	if len(authorization) == 1 {
		scheme, raw, _ = strings.Cut(authorization[0], " ")
	}
	if !strings.EqualFold(scheme, "Bearer") {
		p := missing() // nothing was sent, or credentials of a scheme that others may understand
		return "", &p
	}
	raw = strings.TrimLeft(raw, " ")
	if !isToken68(raw) {
		p := badAuthorization("The Authorization header is not of the form: Bearer, a space, the token as it was issued.")
		return "", &p
	}
	return raw, nil
}

// isToken68 is the syntax of RFC 9110 (b64token in RFC 6750).
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	return body != "" && !strings.ContainsFunc(body, func(r rune) bool {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return false
		default:
			return !strings.ContainsRune("-._~+/", r)
		}
	})
}
