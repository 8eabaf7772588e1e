package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/mission-control-dev/mission-control/contracts"
)

// loadContract returns the contract, tightened: an answer may have no field that the contract does not name. For clients
// it says less, so that fields can be added.
func loadContract(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contracts.OpenAPI()))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	for name, ref := range doc.Components.Schemas {
		if name != "Renewal" { // that one ignores what it does not know
			closeSchema(ref.Value)
		}
	}
	doc.Servers = nil
	return doc
}

func closeSchema(s *openapi3.Schema) {
	closed := false
	if s.Type.Is("object") && len(s.Properties) > 0 && s.AdditionalProperties.Has == nil {
		s.AdditionalProperties.Has = &closed
	}
	for _, p := range s.Properties {
		if p.Ref == "" {
			closeSchema(p.Value)
		}
	}
}

// contractTransport checks each exchange of a client against the contract.
type contractTransport struct {
	t      testing.TB
	doc    *openapi3.T
	router routers.Router
	base   http.RoundTripper
}

func newContractTransport(t testing.TB, base http.RoundTripper) *contractTransport {
	doc := loadContract(t)
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contractTransport{t: t, doc: doc, router: router, base: base}
}

func (c *contractTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := c.base.RoundTrip(req)
	if err != nil || req.Method == http.MethodHead {
		return resp, err
	}
	c.check(req, body, resp)
	return resp, nil
}

func (c *contractTransport) check(req *http.Request, body []byte, resp *http.Response) {
	what := req.Method + " " + req.URL.RequestURI()
	ctx := req.Context()
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
	}
	copied := req.Clone(ctx)
	copied.URL.Host, copied.URL.Scheme, copied.Host = "", "", ""
	copied.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := c.router.FindRoute(copied)
	// This router is laxer about paths than the commander.
	exact := !strings.HasSuffix(req.URL.Path, "/") && !strings.Contains(req.URL.RequestURI(), "%68")
	for _, value := range params {
		exact = exact && value != ""
	}
	if err != nil || !exact {
		c.checkOutside(what, resp)
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: copied, PathParams: params, Route: route, Options: options}
	err = openapi3filter.ValidateRequest(ctx, in)
	if err != nil && resp.StatusCode < 400 && req.Header.Get(beyondContract) == "" {
		c.t.Errorf("%s was answered %d, but the contract does not allow the request: %v", what, resp.StatusCode, err)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: options,
	}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	switch media {
	case "application/json", "application/problem+json":
		out.SetBodyBytes(c.drain(resp))
	default: // text: only that the contract names the type
		want := route.Operation.Responses.Status(resp.StatusCode)
		if want == nil || want.Value.Content[media] == nil && (media != "" || want.Value.Content != nil) {
			c.t.Errorf("%s: the contract knows no %d of type %q", what, resp.StatusCode, media)
		}
		options.ExcludeResponseBody = true
	}
	if err := openapi3filter.ValidateResponse(ctx, out); err != nil {
		c.t.Errorf("%s: answer %d breaks the contract: %v", what, resp.StatusCode, err)
	}
}

// checkOutside is for answers of paths and methods that are not in the contract: problems, all of them.
func (c *contractTransport) checkOutside(what string, resp *http.Response) {
	if resp.Header.Get("Content-Type") != "application/problem+json" {
		c.t.Errorf("%s: not in the contract, and yet no problem but %s", what, resp.Header.Get("Content-Type"))
		return
	}
	checkSchema(c.t, c.doc, "Problem", c.drain(resp))
}

// beyondContract marks a request that the contract does not allow, but the commander may.
const beyondContract = "X-Test-Beyond-Contract"

func (c *contractTransport) drain(resp *http.Response) []byte {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Errorf("read answer: %v", err)
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// checkSchema checks JSON against a schema of the contract.
func checkSchema(t testing.TB, doc *openapi3.T, name string, body []byte) {
	t.Helper()
	var v any
	if err := decodeJSON(body, &v); err != nil {
		t.Errorf("%s is no JSON: %v", name, err)
		return
	}
	if err := doc.Components.Schemas[name].Value.VisitJSON(v); err != nil {
		t.Errorf("%s breaks the contract: %v\n%s", name, err, body)
	}
}

func TestEveryRouteIsInTheContract(t *testing.T) {
	doc := loadContract(t)
	s := newTestServer(t, Config{})
	var served, described []string
	for _, r := range s.server.routes() {
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.path, "{$1}")
		served = append(served, r.method+" "+path)
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(r.method) == nil {
			continue
		}
		op := item.GetOperation(r.method)
		var params []string
		for _, p := range op.Parameters {
			if p.Value.In == "query" {
				params = append(params, p.Value.Name)
			}
		}
		slices.Sort(params)
		known := slices.Sorted(slices.Values(r.params))
		if !slices.Equal(params, known) {
			t.Errorf("%s %s: parameters are %v, in the contract %v", r.method, path, known, params)
		}
		open := op.Security != nil && len(*op.Security) == 0
		if open != (r.access == forEverybody) {
			t.Errorf("%s %s: the contract and the route differ in who may call", r.method, path)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Errorf("served:\n%s\nin the contract:\n%s", strings.Join(served, "\n"), strings.Join(described, "\n"))
	}
}

// TestTheContractsTableHasEveryCode reads the codes of all refusals from the source: most come from no dependency.
func TestTheContractsTableHasEveryCode(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`\bcode(?::|, r\.detail =) "([a-z_]+)"`)
	seen := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(source), -1) {
			seen[m[1]] = true
		}
	}
	if !seen["invalid"] || !seen["internal"] || !seen["timeout"] {
		t.Fatalf("the codes are not written as they were: found %v", seen)
	}
	table, _, _ := strings.Cut(contracts.OpenAPI(), "\nservers:")
	for c := range seen {
		if !regexp.MustCompile("(?m)^ *\\|.*`" + c + "`.*\\| [45][0-9]{2} \\|").MatchString(table) {
			t.Errorf("code %q is not in the contract's table", c)
		}
	}
}

func TestEveryProblemCodeIsInTheContract(t *testing.T) {
	for _, err := range knownErrors() {
		r := refusalOf(err)
		if !strings.Contains(contracts.OpenAPI(), "`"+r.code+"`") {
			t.Errorf("code %q of %v is not in the contract", r.code, err)
		}
		if r.status == http.StatusInternalServerError && !errors.Is(err, errUnknown) {
			t.Errorf("%v is not known", err)
		}
	}
}
