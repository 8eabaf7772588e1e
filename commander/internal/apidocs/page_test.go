package apidocs

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mission-control-dev/mission-control/contracts"
)

// rendered is the page of our contract, and what it says without its tags.
func rendered(t *testing.T) (page Page, text string) {
	t.Helper()
	page, err := Render(contracts.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	body := string(page.HTML)
	body = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(body, "")
	return page, html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, ""))
}

// plain is Markdown without its marks, as it stands on the page.
func plain(markdown string) []string {
	var parts []string
	for _, part := range strings.FieldsFunc(markdown, func(r rune) bool { return r == '|' || r == '\n' }) {
		part = strings.TrimPrefix(strings.TrimSpace(strings.NewReplacer("`", "", "**", "").Replace(part)), "- ")
		if strings.Trim(part, "- ") != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// TestTheWholeContractIsOnThePage reads the contract with another library, and looks for all of it.
func TestTheWholeContractIsOnThePage(t *testing.T) {
	page, text := rendered(t)
	body := string(page.HTML)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(contracts.OpenAPI()))
	if err != nil {
		t.Fatal(err)
	}
	anchors := 0
	anchor := func(id string) {
		anchors++
		if n := strings.Count(body, `id="`+id+`"`); n != 1 {
			t.Errorf("the id %s stands %d times", id, n)
		}
		if !strings.Contains(body, `href="#`+id+`"`) {
			t.Errorf("nothing leads to %s", id)
		}
	}
	says := func(where, markdown string) {
		for _, part := range plain(markdown) {
			if !strings.Contains(text, part) {
				t.Errorf("%s: the page does not say %q", where, part)
			}
		}
	}
	says("info", doc.Info.Title)
	says("info", doc.Info.Description)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			where := method + " " + path
			anchor(op.OperationID)
			section := body[strings.Index(body, `<article id="`+op.OperationID+`">`):]
			section = section[:strings.Index(section, "</article>")]
			if !strings.Contains(section, ">"+method+"</span> <code>"+path+"</code>") {
				t.Errorf("%s is not under %s", where, op.OperationID)
			}
			says(where, op.Summary)
			says(where, op.Description)
			for _, p := range append(item.Parameters, op.Parameters...) {
				if !strings.Contains(section, "<code>"+p.Value.Name+"</code>") {
					t.Errorf("%s: no parameter %s", where, p.Value.Name)
				}
				says(where, p.Value.Description)
			}
			for status, r := range op.Responses.Map() {
				if !strings.Contains(section, "<code>"+status+"</code>") {
					t.Errorf("%s: no answer %s", where, status)
				}
				says(where, *r.Value.Description)
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		anchor("schema-" + name)
		says(name, s.Value.Description)
		for field, f := range s.Value.Properties {
			if !strings.Contains(body, "<code>"+field+"</code>") {
				t.Errorf("%s: no field %s", name, field)
			}
			says(name+"."+field, f.Value.Description)
		}
		for _, v := range s.Value.Enum {
			says(name, v.(string))
		}
	}
	if anchors < 40 {
		t.Errorf("only %d calls and schemas were looked for", anchors)
	}
	for _, link := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(body, `id="`+link[1]+`"`) {
			t.Errorf("a link leads to #%s, which is not there", link[1])
		}
	}
	if strings.Contains(text, "**") || strings.Contains(text, "| ---") || strings.Contains(text, "`") {
		t.Error("Markdown was left as it is written")
	}
}

// TestThePageNeedsNothingElse: its policy allows its own style sheet alone, and it asks for nothing.
func TestThePageNeedsNothingElse(t *testing.T) {
	page, _ := rendered(t)
	body := string(page.HTML)
	styles := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(body, -1)
	if len(styles) != 1 {
		t.Fatalf("%d style sheets", len(styles))
	}
	sum := sha256.Sum256([]byte(styles[0][1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if !strings.HasPrefix(page.Policy, want+";") || strings.Contains(page.Policy, "unsafe") {
		t.Errorf("policy %q, want it to begin with %q", page.Policy, want)
	}
	for _, wrong := range []string{"<script", "<img", "<link", "<iframe", " style=", " src=", "@import", "url("} {
		if strings.Contains(body, wrong) {
			t.Errorf("the page has %s", wrong)
		}
	}
	for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if link[1] != "openapi.yaml" && !strings.HasPrefix(link[1], "#") {
			t.Errorf("a link leads to %s", link[1])
		}
	}
}

// TestThePageIsWellFormed: every element that begins ends, in its place.
func TestThePageIsWellFormed(t *testing.T) {
	page, _ := rendered(t)
	closed := regexp.MustCompile(`<meta([^>]*)>`).ReplaceAllString(string(page.HTML), "<meta$1/>")
	d := xml.NewDecoder(strings.NewReader(closed))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCommandsOfExamples(t *testing.T) {
	page, _ := rendered(t)
	body := html.UnescapeString(string(page.HTML))
	for _, want := range []string{
		"curl -X POST http://127.0.0.1:8080/missions \\\n  -H 'Content-Type: application/json' \\\n  -d '{",
		"curl -X POST http://127.0.0.1:8080/missions/batch \\\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "",
		"one\ntwo\n\nthree":         "<p>one two</p>\n<p>three</p>\n",
		"a `<b>` & **c `d`**":       "<p>a <code>&lt;b&gt;</code> &amp; <strong>c `d`</strong></p>\n",
		"5 s x 2^n * 3, a ` alone":  "<p>5 s x 2^n * 3, a ` alone</p>\n",
		"**open":                    "<p>**open</p>\n",
		"- one\n  more\n- `two`":    "<ul>\n<li>one more</li>\n<li><code>two</code></li>\n</ul>\n",
		"<script>alert(1)</script>": "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n",
		"| a | b |\n| --- | --- |\n| 1 | `2` |": "<div class=\"wide\"><table>\n<tr><th>a</th><th>b</th></tr>\n" +
			"<tr><td>1</td><td><code>2</code></td></tr>\n</table></div>\n",
	} {
		if got := string(markdown(text)); got != want {
			t.Errorf("%q:\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestWhatThePageCannotShowIsAnError(t *testing.T) {
	whole := func(paths, schemas string) string {
		return "info: {title: T}\ntags: [{name: a}]\npaths: {" + paths + "}\ncomponents: {schemas: {" + schemas + "}}\n"
	}
	if _, err := Render(whole(`/x: {get: {operationId: x, tags: [a]}}`, `S: {type: object}`)); err != nil {
		t.Fatal(err)
	}
	for says, text := range map[string]string{
		"no mapping":      "- 1",
		"read the":        "a: [",
		`"oneOf"`:         whole("", `S: {oneOf: [{type: string}]}`),
		"#/nowhere":       whole("", `S: {properties: {a: {$ref: '#/nowhere'}}}`),
		"other.yaml":      whole("", `S: {$ref: 'other.yaml'}`),
		"tags are [b]":    whole(`/x: {get: {tags: [b]}}`, ""),
		"#/components/xx": whole(`/x: {get: {tags: [a], responses: {'200': {$ref: '#/components/xx'}}}}`, ""),
	} {
		if _, err := Render(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want an error with %q", text, err, says)
		}
	}
}
