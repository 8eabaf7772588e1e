package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/tokenauth"
)

const (
	readerKey = "reader-key-for-tests"
	adminKey  = "admin-key-for-tests-"
)

// write makes a file and gives its path.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func clientsFile(t *testing.T) string {
	return write(t, "clients", []byte("# name role key\nalice reader "+readerKey+"\nbob admin "+adminKey+"\n"))
}

// process is one part that runs.
type process struct {
	address string
	stop    func()

	mu  sync.Mutex
	log strings.Builder
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// start runs the program as a person would, and waits for its address.
func start(t *testing.T, program string, args ...string) *process {
	t.Helper()
	command := exec.Command(program, args...)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{}
	address := make(chan string, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer close(address)
		listening := regexp.MustCompile(`msg=listening address=(\S+)`)
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if match := listening.FindStringSubmatch(lines.Text()); match != nil {
				address <- match[1]
			}
			p.mu.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
		}
	}()
	p.stop = sync.OnceFunc(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stopping %v: %v", args, err)
		}
		<-drained
		if err := command.Wait(); err != nil {
			t.Errorf("%v ended with %v:\n%s", args, err, p.logged())
		}
	})
	t.Cleanup(p.stop)
	p.address = <-address
	if p.address == "" {
		t.Fatalf("%v did not start:\n%s", args, p.logged())
	}
	return p
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "auth-service")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// do makes a request and gives its status and JSON.
func do(t *testing.T, request *http.Request) (int, map[string]any) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %d, %q", request.URL, response.StatusCode, body)
	}
	return response.StatusCode, answer
}

func askToken(t *testing.T, issuer *process, name, key, grant string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, issuer.address+"/token",
		strings.NewReader(url.Values{"grant_type": {grant}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(name, key)
	return do(t, request)
}

func token(t *testing.T, issuer *process, name, key string) string {
	t.Helper()
	status, answer := askToken(t, issuer, name, key, "client_credentials")
	raw, _ := answer["access_token"].(string)
	if status != http.StatusOK || raw == "" || answer["token_type"] != "Bearer" || answer["expires_in"] != 30.0 {
		t.Fatalf("a token for %s: %d %v", name, status, answer)
	}
	return raw
}

func call(t *testing.T, api *process, method, raw string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, api.address+"/reports", nil)
	if err != nil {
		t.Fatal(err)
	}
	if raw != "" {
		request.Header.Set("Authorization", "Bearer "+raw)
	}
	return do(t, request)
}

func want(t *testing.T, api *process, method, raw string, status int, field string, value any) {
	t.Helper()
	if got, answer := call(t, api, method, raw); got != status || answer[field] != value {
		t.Errorf("%s answered %d %v, want %d with %s %v", method, got, answer, status, field, value)
	}
}

// The steps of the README.
func TestWithASecret(t *testing.T) {
	program := build(t)
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	issuer := start(t, program, "issuer", "-addr", "127.0.0.1:0", "-secret", write(t, "secret", secret), "-clients", clientsFile(t))
	api := start(t, program, "api", "-addr", "127.0.0.1:0", "-jwks", issuer.address+"/.well-known/jwks.json")

	reader, admin := token(t, issuer, "alice", readerKey), token(t, issuer, "bob", adminKey)
	want(t, api, http.MethodGet, reader, http.StatusOK, "as", "alice")
	want(t, api, http.MethodPost, reader, http.StatusForbidden, "code", "token_not_allowed")
	want(t, api, http.MethodPost, admin, http.StatusOK, "as", "bob")
	want(t, api, http.MethodGet, "", http.StatusUnauthorized, "code", "token_missing")
	want(t, api, http.MethodGet, reader[:20], http.StatusUnauthorized, "code", "token_malformed")

	// Tokens that a holder of the secret, and one of another, could make.
	issue := func(secret []byte, audience string, at time.Time) string {
		keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: secret, Label: issuerName})
		if err != nil {
			t.Fatal(err)
		}
		made, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: issuerName, Audience: audience, Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		token, err := made.Issue(tokenauth.IssueRequest{Subject: "eve"})
		if err != nil {
			t.Fatal(err)
		}
		return token.Raw
	}
	now := time.Now()
	want(t, api, http.MethodGet, issue(secret, audienceName, now), http.StatusOK, "as", "eve")
	want(t, api, http.MethodGet, issue(secret, audienceName, now.Add(-36*time.Second)), http.StatusUnauthorized, "code", "token_expired")
	want(t, api, http.MethodGet, issue(secret, "other", now), http.StatusUnauthorized, "code", "token_wrong_audience")
	want(t, api, http.MethodGet, issue([]byte(strings.Repeat("x", 32)), audienceName, now), http.StatusUnauthorized, "code", "token_forged")

	for _, c := range []struct{ name, key, grant, code string }{
		{"alice", adminKey, "client_credentials", "invalid_client"},
		{"nobody", readerKey, "client_credentials", "invalid_client"},
		{"", "", "client_credentials", "invalid_client"},
		{"alice", readerKey, "password", "unsupported_grant_type"},
	} {
		if status, answer := askToken(t, issuer, c.name, c.key, c.grant); status < 400 || answer["error"] != c.code {
			t.Errorf("%s with %s: %d %v, want %s", c.name, c.grant, status, answer, c.code)
		}
	}
	issuer.stop()
	want(t, api, http.MethodGet, admin, http.StatusOK, "as", "bob") // the keys that it has are good
	api.stop()
	for _, log := range []string{issuer.logged(), api.logged()} {
		for _, secret := range []string{reader, strings.Split(reader, ".")[2], admin, readerKey, adminKey} {
			if strings.Contains(log, secret) {
				t.Errorf("a secret is in the log:\n%s", log)
			}
		}
	}
}

func TestWithKeyFiles(t *testing.T) {
	program := build(t)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := write(t, "1.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	issuer := start(t, program, "issuer", "-addr", "127.0.0.1:0", "-keys", filepath.Dir(key), "-clients", clientsFile(t))
	api := start(t, program, "api", "-addr", "127.0.0.1:0", "-jwks", issuer.address+"/.well-known/jwks.json")
	want(t, api, http.MethodGet, token(t, issuer, "alice", readerKey), http.StatusOK, "as", "alice")
}

// Without its issuer the API starts all the same, and says what it lacks.
func TestWithoutAnIssuer(t *testing.T) {
	program := build(t)
	api := start(t, program, "api", "-addr", "127.0.0.1:0", "-jwks", "http://127.0.0.1:1/jwks")
	keys, err := tokenauth.NewDerivedKeys(tokenauth.DerivedConfig{Secret: []byte(strings.Repeat("x", 32)), Label: issuerName})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := tokenauth.NewIssuer(tokenauth.IssuerConfig{Keys: keys, Issuer: issuerName, Audience: audienceName})
	if err != nil {
		t.Fatal(err)
	}
	made, err := issuer.Issue(tokenauth.IssueRequest{Subject: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	want(t, api, http.MethodGet, made.Raw, http.StatusServiceUnavailable, "code", "keys_unavailable")
}

func TestSettingsAreChecked(t *testing.T) {
	clients, secret := clientsFile(t), write(t, "secret", []byte(strings.Repeat("x", 32)))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no part":       {nil, "which part"},
		"another part":  {[]string{"web"}, "which part"},
		"no clients":    {[]string{"issuer", "-secret", secret}, "-clients"},
		"no keys":       {[]string{"issuer", "-clients", clients}, "either -secret or -keys"},
		"both":          {[]string{"issuer", "-clients", clients, "-secret", secret, "-keys", "."}, "either -secret or -keys"},
		"short secret":  {[]string{"issuer", "-clients", clients, "-secret", write(t, "s", []byte("x"))}, "at least 32"},
		"no PEM":        {[]string{"issuer", "-clients", clients, "-keys", t.TempDir()}, "no *.pem"},
		"short life":    {[]string{"issuer", "-clients", clients, "-secret", secret, "-ttl", "1ms"}, "token life"},
		"clients empty": {[]string{"issuer", "-clients", write(t, "c", nil)}, "names no client"},
		"short key":     {[]string{"issuer", "-clients", write(t, "c", []byte("a b c"))}, "line 1"},
		"twice":         {[]string{"issuer", "-clients", write(t, "c", []byte("a b "+adminKey+"\na b "+adminKey))}, "twice"},
		"plain http":    {[]string{"api", "-jwks", "http://issuer.example/jwks"}, "use https"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), c.args, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}
