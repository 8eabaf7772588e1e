package contracts_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// asyncAPI is what the tests read of asyncapi.yaml. That the rest of it is sound AsyncAPI, and that the examples fit the
// schemas, is checked by `./task lint:asyncapi`.
type asyncAPI struct {
	Channels map[string]struct {
		Address  *string
		Messages map[string]ref
		Bindings struct {
			AMQP struct{ Queue struct{ Name string } }
		}
	}
	Components struct {
		Messages map[string]struct {
			Bindings struct {
				AMQP struct {
					MessageType string `yaml:"messageType"`
				}
			}
			Payload  ref
			Examples []struct {
				Name    string
				Payload any
			}
		}
		Schemas map[string]schema
	}
}

type ref struct {
	Ref string `yaml:"$ref"`
}

// name is the last part of what the ref points to.
func (r ref) name() string { return r.Ref[strings.LastIndexByte(r.Ref, '/')+1:] }

type schema struct {
	ref        `yaml:",inline"`
	Type       string
	Const      string
	Enum       []any
	Required   []string
	Properties map[string]schema
	Items      *schema
	AllOf      []schema `yaml:"allOf"`
	MaxItems   int      `yaml:"maxItems"`
	MaxLength  int      `yaml:"maxLength"`
	Maximum    int
	Pattern    string
}

func readAsyncAPI(t testing.TB) asyncAPI {
	t.Helper()
	b, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc asyncAPI
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// examples are the examples of a message type, as JSON.
func examples(t testing.TB, kind contracts.MessageType) [][]byte {
	t.Helper()
	var bodies [][]byte
	for _, m := range readAsyncAPI(t).Components.Messages {
		if m.Bindings.AMQP.MessageType != string(kind) {
			continue
		}
		for _, e := range m.Examples {
			body, err := json.Marshal(e.Payload)
			if err != nil {
				t.Fatal(err)
			}
			bodies = append(bodies, body)
		}
	}
	return bodies
}

// exampleKey signs the tickets, the marker and the submission of the examples.
var exampleKey = []byte("the key of the examples")

// recode reads a message with its decoder and writes it again.
func recode(kind contracts.MessageType, body []byte) ([]byte, error) {
	switch kind {
	case contracts.TypeOrder:
		return encoded(contracts.DecodeOrder(body))
	case contracts.TypeOrders:
		return encoded(contracts.DecodeOrderPack(body))
	case contracts.TypeStatus:
		return encoded(contracts.DecodeStatusPack(body))
	case contracts.TypeRenewal:
		return encoded(contracts.DecodeRenewalMessage(body))
	case contracts.TypeMarker:
		return encoded(contracts.DecodeMarker(body, exampleKey))
	case contracts.TypeAnswers:
		return encoded(contracts.DecodeAnswerPack(body))
	case contracts.TypeTelemetry:
		return encoded(contracts.DecodeTelemetryPack(body))
	case contracts.TypeSubmission:
		return encoded(contracts.DecodeSubmission(body, exampleKey))
	default:
		return nil, fmt.Errorf("no decoder for %q", kind)
	}
}

func encoded[M interface{ Encode() ([]byte, error) }](m M, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return m.Encode()
}

// tickets finds every ticket in an example.
func tickets(v any) []contracts.Ticket {
	var found []contracts.Ticket
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["mac"]; ok && v["run"] != nil {
			b, _ := json.Marshal(v)
			var t contracts.Ticket
			if json.Unmarshal(b, &t) == nil {
				found = append(found, t)
			}
		}
		for _, x := range v {
			found = append(found, tickets(x)...)
		}
	case []any:
		for _, x := range v {
			found = append(found, tickets(x)...)
		}
	}
	return found
}

// TestExamplesAreWhatGoReadsAndWrites: nothing in an example is lost or added by reading and writing it, and its tickets
// are real ones.
func TestExamplesAreWhatGoReadsAndWrites(t *testing.T) {
	signed := 0
	for name, m := range readAsyncAPI(t).Components.Messages {
		kind := contracts.MessageType(m.Bindings.AMQP.MessageType)
		if kind == "" {
			if len(m.Examples) > 0 {
				t.Errorf("%s has examples and no messageType", name)
			}
			continue
		}
		if len(m.Examples) == 0 {
			t.Errorf("%s has no example", name)
		}
		for _, e := range m.Examples {
			body, err := json.Marshal(e.Payload)
			if err != nil {
				t.Fatal(err)
			}
			again, err := recode(kind, body)
			if err != nil {
				t.Errorf("%s, %s: %v", name, e.Name, err)
				continue
			}
			var want, got any
			if err := json.Unmarshal(body, &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(again, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-example +Go):\n%s", name, e.Name, diff)
			}
			for _, ticket := range tickets(want) {
				signed++
				if err := ticket.Verify(exampleKey); err != nil {
					t.Errorf("%s, %s: %v", name, e.Name, err)
				}
			}
		}
	}
	if signed == 0 {
		t.Error("no ticket in any example")
	}
}

// constants are the values of the package's constants of a type, from its source: nobody has to keep a list.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typeName {
				for _, v := range spec.Values {
					s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					values = append(values, s)
				}
			}
			return false
		})
	}
	slices.Sort(values)
	return values
}

func texts(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	slices.Sort(out)
	return out
}

// TestContractNamesWhatGoNames: the same message types, statuses, answers and reasons on both sides, each with an
// example.
func TestContractNamesWhatGoNames(t *testing.T) {
	doc := readAsyncAPI(t)
	schemas := doc.Components.Schemas
	var types, payloadTypes []string
	used := map[string]map[string]bool{"status": {}, "type": {}}
	for _, m := range doc.Components.Messages {
		if kind := m.Bindings.AMQP.MessageType; kind != "" {
			types = append(types, kind)
			payloadTypes = append(payloadTypes, schemas[m.Payload.name()].Properties["type"].Const)
		}
		for _, e := range m.Examples {
			p := e.Payload.(map[string]any)
			for list, field := range map[string]string{"updates": "status", "answers": "type"} {
				items, _ := p[list].([]any)
				for _, x := range items {
					used[field][fmt.Sprint(x.(map[string]any)[field])] = true
				}
			}
		}
	}
	slices.Sort(types)
	slices.Sort(payloadTypes)
	for what, pair := range map[string][2][]string{
		"message types":         {constants(t, "MessageType"), types},
		"types in the payloads": {constants(t, "MessageType"), payloadTypes},
		"update statuses":       {constants(t, "UpdateStatus"), texts(schemas["Update"].Properties["status"].Enum)},
		"answer types":          {constants(t, "AnswerType"), texts(schemas["Answer"].Properties["type"].Enum)},
		"stop reasons":          {constants(t, "StopReason"), texts(schemas["StopReason"].Enum)},
		"mission statuses":      {constants(t, "Status"), texts(schemas["Mission"].Properties["status"].Enum)},
		"log levels":            {constants(t, "LogLevel"), texts(schemas["LogLine"].Properties["level"].Enum)},
		"priorities":            {constants(t, "Priority"), texts(schemas["Mission"].Properties["priority"].Enum)},
	} {
		if len(pair[0]) == 0 {
			t.Errorf("no %s found in Go", what)
		}
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s (-Go +contract):\n%s", what, diff)
		}
	}
	for _, s := range constants(t, "UpdateStatus") {
		if !used["status"][s] {
			t.Errorf("no example has an update %s", s)
		}
	}
	for _, s := range constants(t, "AnswerType") {
		if !used["type"][s] {
			t.Errorf("no example has an answer %s", s)
		}
	}
	if v := schemas["Version"].Enum; len(v) != 1 || v[0] != contracts.Version {
		t.Errorf("versions %v, this release writes %d", v, contracts.Version)
	}
}

func TestContractHasTheQueues(t *testing.T) {
	var want, got []string
	for _, q := range topology.Default().Queues {
		if !strings.HasPrefix(q.Name, topology.Orders+".") { // one channel has all of these
			want = append(want, q.Name)
		}
	}
	want = append(want, topology.OrdersQueue("{squad}", "{priority}"))
	for name, c := range readAsyncAPI(t).Channels {
		switch {
		case c.Address == nil && name == "inbox": // the broker names it
		case c.Address == nil:
			t.Errorf("channel %s has no address", name)
		default:
			got = append(got, *c.Address)
			if q := c.Bindings.AMQP.Queue.Name; q != "" && q != *c.Address {
				t.Errorf("channel %s is bound to queue %s", *c.Address, q)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("queues (-Go +contract):\n%s", diff)
	}
}

// wireTypes are the structs that travel, by the names of their schemas.
var wireTypes = map[string]reflect.Type{
	"Order": reflect.TypeFor[contracts.Order](), "Mission": reflect.TypeFor[contracts.Mission](),
	"MissionError": reflect.TypeFor[contracts.MissionError](), "Retry": reflect.TypeFor[contracts.Retry](), "StatusPack": reflect.TypeFor[contracts.StatusPack](),
	"Update": reflect.TypeFor[contracts.Update](), "Ticket": reflect.TypeFor[contracts.Ticket](),
	"RenewalMessage": reflect.TypeFor[contracts.RenewalMessage](), "Renewal": reflect.TypeFor[contracts.Renewal](),
	"ExecutionRef": reflect.TypeFor[contracts.ExecutionRef](), "RenewalReply": reflect.TypeFor[contracts.RenewalReply](),
	"Stop": reflect.TypeFor[contracts.Stop](), "Marker": reflect.TypeFor[contracts.Marker](),
	"AnswerPack": reflect.TypeFor[contracts.AnswerPack](), "Answer": reflect.TypeFor[contracts.Answer](),
	"Submission": reflect.TypeFor[contracts.Submission](), "OrderPack": reflect.TypeFor[contracts.OrderPack](),
	"TelemetryPack": reflect.TypeFor[contracts.TelemetryPack](), "Report": reflect.TypeFor[contracts.Report](),
	"Progress": reflect.TypeFor[contracts.Progress](), "LogLine": reflect.TypeFor[contracts.LogLine](),
}

// TestSchemasAreTheStructs: the same fields, required where Go always writes them, and of the same type.
func TestSchemasAreTheStructs(t *testing.T) {
	schemas := readAsyncAPI(t).Components.Schemas
	var objects []string
	for name, s := range schemas {
		if s.Type == "object" {
			objects = append(objects, name)
		}
	}
	for _, name := range objects {
		if _, ok := wireTypes[name]; !ok {
			t.Errorf("schema %s has no Go type in this test", name)
		}
	}
	for name, goType := range wireTypes {
		s, ok := schemas[name]
		if !ok {
			t.Errorf("no schema %s", name)
			continue
		}
		want := fieldsOf(goType)
		got := map[string]string{}
		for field, p := range s.Properties {
			got[field] = typeOf(schemas, p)
			if want[field] == "any" && got[field] == "object" {
				got[field] = "any" // a payload is raw JSON to Go, and an object by the request's check
			}
			if slices.Contains(s.Required, field) {
				got[field] += " required"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-Go +schema):\n%s", name, diff)
		}
	}
}

// fieldsOf says of each JSON field of a struct what it is, and whether it is always written.
func fieldsOf(s reflect.Type) map[string]string {
	out := map[string]string{}
	for _, f := range reflect.VisibleFields(s) {
		if f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[name] = jsonType(f.Type)
		if !strings.Contains(options, "omit") {
			out[name] += " required"
		}
	}
	return out
}

func jsonType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[contracts.Time]():
		return "string"
	case t == reflect.TypeFor[json.RawMessage]():
		return "any"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return jsonType(t.Elem())
	case reflect.Slice:
		return "array of " + jsonType(t.Elem())
	case reflect.Struct:
		return t.Name()
	case reflect.Map:
		return "object"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Float64:
		return "number"
	default:
		return "integer"
	}
}

// typeOf says the same of a schema.
func typeOf(schemas map[string]schema, s schema) string {
	switch {
	case s.Ref != "":
		if _, object := wireTypes[s.name()]; object {
			return s.name()
		}
		return typeOf(schemas, schemas[s.name()])
	case len(s.AllOf) > 0:
		return typeOf(schemas, s.AllOf[0])
	case s.Type == "array":
		return "array of " + typeOf(schemas, *s.Items)
	case s.Const != "":
		return "string"
	case s.Type == "":
		return "any"
	default:
		return s.Type
	}
}

func TestLimitsInTheContract(t *testing.T) {
	schemas := readAsyncAPI(t).Components.Schemas
	if got := schemas["StatusPack"].Properties["updates"].MaxItems; got != contracts.MaxPackedUpdates {
		t.Errorf("%d updates in a pack, Go has %d", got, contracts.MaxPackedUpdates)
	}
	report := schemas["Report"].Properties
	for what, pair := range map[string][2]int{
		"reports in a pack":        {schemas["TelemetryPack"].Properties["reports"].MaxItems, contracts.MaxPackedReports},
		"lines in a report":        {report["lines"].MaxItems, contracts.MaxLogLines},
		"characters of a line":     {schemas["LogLine"].Properties["text"].MaxLength, contracts.MaxLogText},
		"characters of a progress": {schemas["Progress"].Properties["text"].MaxLength, contracts.MaxProgressText},
		"percent of a progress":    {schemas["Progress"].Properties["percent"].Maximum, 100},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%d %s, Go has %d", pair[0], what, pair[1])
		}
	}
	// What the schema allows at most passes the check, and one more does not.
	r := schemas["Renewal"].Properties
	full := contracts.Renewal{SoldierID: "s", Slots: r["slots"].Maximum, Version: strings.Repeat("v", r["version"].MaxLength)}
	for range r["squads"].MaxItems {
		full.Squads = append(full.Squads, "s")
	}
	for range r["kinds"].MaxItems {
		full.Kinds = append(full.Kinds, "k")
	}
	if err := full.Check(); err != nil {
		t.Errorf("at the limits: %v", err)
	}
	for name, over := range map[string]func(*contracts.Renewal){
		"squads":  func(r *contracts.Renewal) { r.Squads = append(r.Squads, "s") },
		"kinds":   func(r *contracts.Renewal) { r.Kinds = append(r.Kinds, "k") },
		"slots":   func(r *contracts.Renewal) { r.Slots++ },
		"version": func(r *contracts.Renewal) { r.Version += "v" },
	} {
		x := full
		over(&x)
		if x.Check() == nil {
			t.Errorf("%s beyond the schema's limit pass Go's check", name)
		}
	}
}
