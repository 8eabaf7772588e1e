package apidocs

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	styleText string
)

// Page is the contract as HTML.
type Page struct {
	HTML []byte
	// Policy is the Content-Security-Policy to send with it: the page's own style sheet, and nothing else.
	Policy string
}

// document is the contract, while a page is made of it.
type document struct{ root node }

type pageView struct {
	Title, Version string
	Description    template.HTML
	Servers        []serverView
	Tags           []tagView
	Schemas        []schemaView
	Style          template.CSS
}

type serverView struct {
	URL         string
	Description template.HTML
}

type tagView struct {
	Name        string
	Description template.HTML
	Calls       []callView
}

type callView struct {
	ID, Method, Path, Summary string
	Description               template.HTML
	Key                       string
	Params                    []fieldView
	Body                      *bodyView
	Answers                   []answerView
}

type bodyView struct {
	Media   string
	Type    typeView
	Command string // an example, to be copied
}

type answerView struct {
	Status, Media string
	Type          typeView
	Headers       []string
	Description   template.HTML
}

type schemaView struct {
	Name        string
	Type        typeView
	Description template.HTML
	Example     string
	Fields      []fieldView
}

// Render makes the page. It fails where the contract has something that the page can't show.
func Render(openAPI string) (Page, error) {
	root, err := parse(openAPI)
	if err != nil {
		return Page{}, err
	}
	d := &document{root: root}
	view := pageView{
		Title: root.get("info", "title").text(), Version: root.get("info", "version").text(),
		Description: markdown(root.get("info", "description").text()),
		Style:       template.CSS(styleText), //nolint:gosec // our own file
	}
	for _, s := range root.get("servers").items() {
		view.Servers = append(view.Servers, serverView{s.get("url").text(), markdown(s.get("description").text())})
	}
	if view.Tags, err = d.tags(); err != nil {
		return Page{}, err
	}
	for name, s := range root.get("components", "schemas").pairs() {
		v, err := d.schema(name, s)
		if err != nil {
			return Page{}, fmt.Errorf("schema %s: %w", name, err)
		}
		view.Schemas = append(view.Schemas, v)
	}
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return Page{}, fmt.Errorf("read the page's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, view); err != nil {
		return Page{}, fmt.Errorf("make the page: %w", err)
	}
	sum := sha256.Sum256([]byte(styleText))
	return Page{
		HTML: b.Bytes(),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}, nil
}

func (d *document) schema(name string, s node) (v schemaView, err error) {
	v = schemaView{Name: name, Description: markdown(s.get("description").text())}
	if v.Example, err = exampleOf(s.get("example")); err != nil {
		return v, err
	}
	if v.Type, err = d.typeOf(s); err != nil {
		return v, err
	}
	v.Fields, err = d.fieldsOf(s, "")
	return v, err
}

// tags are the calls in their groups, in the order in which the document lists the tags.
func (d *document) tags() ([]tagView, error) {
	var list []tagView
	for _, t := range d.root.get("tags").items() {
		list = append(list, tagView{Name: t.get("name").text(), Description: markdown(t.get("description").text())})
	}
	for path, item := range d.root.get("paths").pairs() {
		for method, op := range item.pairs() {
			if method == "parameters" {
				continue
			}
			call, err := d.call(strings.ToUpper(method), path, item, op)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			tag := op.get("tags").texts()
			i := slices.IndexFunc(list, func(t tagView) bool { return slices.Equal(tag, []string{t.Name}) })
			if i < 0 {
				return nil, fmt.Errorf("%s %s: tags are %v, must be one that the document lists", method, path, tag)
			}
			list[i].Calls = append(list[i].Calls, call)
		}
	}
	return list, nil
}

func (d *document) call(method, path string, item, op node) (callView, error) {
	c := callView{
		ID: op.get("operationId").text(), Method: method, Path: path, Summary: op.get("summary").text(),
		Description: markdown(op.get("description").text()), Key: d.key(op),
	}
	for _, p := range append(item.get("parameters").items(), op.get("parameters").items()...) {
		f, err := d.param(p)
		if err != nil {
			return c, err
		}
		c.Params = append(c.Params, f)
	}
	for media, content := range op.get("requestBody", "content").pairs() {
		body := &bodyView{Media: media}
		var err error
		if body.Type, err = d.typeOf(content.get("schema")); err != nil {
			return c, err
		}
		if body.Command, err = d.command(c, media, content.get("example")); err != nil {
			return c, err
		}
		c.Body = body
	}
	for status, r := range op.get("responses").pairs() {
		a, err := d.answer(status, r)
		if err != nil {
			return c, err
		}
		c.Answers = append(c.Answers, a)
	}
	return c, nil
}

// key says which key a call asks for, in the words of the document.
func (d *document) key(op node) string {
	security := op.get("security")
	if !security.is() {
		security = d.root.get("security")
	}
	for _, s := range security.items() {
		for name := range s.pairs() {
			return d.root.get("components", "securitySchemes", name, "description").text()
		}
	}
	return ""
}

func (d *document) param(p node) (fieldView, error) {
	p, _, err := p.resolve(d.root)
	if err != nil {
		return fieldView{}, err
	}
	s := p.get("schema")
	f := fieldView{
		Name: p.get("name").text(), In: p.get("in").text(), Required: p.get("required").text() == "true",
		Description: markdown(p.get("description").text()), Example: s.get("example").text(),
	}
	f.Type, err = d.typeOf(s)
	return f, err
}

func (d *document) answer(status string, r node) (answerView, error) {
	r, _, err := r.resolve(d.root)
	if err != nil {
		return answerView{}, err
	}
	a := answerView{Status: status, Description: markdown(r.get("description").text())}
	for name := range r.get("headers").pairs() {
		if name != "X-Request-Id" { // in every answer
			a.Headers = append(a.Headers, name)
		}
	}
	for media, content := range r.get("content").pairs() {
		a.Media = media
		if a.Type, err = d.typeOf(content.get("schema")); err != nil {
			return a, err
		}
	}
	return a, nil
}

// command is a call of curl with the example body, empty where the document has none.
func (d *document) command(c callView, media string, example node) (string, error) {
	body, err := exampleOf(example)
	if err != nil || body == "" {
		return "", err
	}
	server := ""
	if servers := d.root.get("servers").items(); len(servers) > 0 {
		server = servers[0].get("url").text()
	}
	return fmt.Sprintf("curl -X %s %s%s \\\n  -H 'Content-Type: %s' \\\n  -d '%s'", c.Method, server, c.Path, media,
		strings.ReplaceAll(body, "'", `'\''`)), nil
}

// exampleOf writes an example as JSON; a text as it is.
func exampleOf(example node) (string, error) {
	if !example.is() {
		return "", nil
	}
	var v any
	if err := example.Decode(&v); err != nil {
		return "", fmt.Errorf("read the example: %w", err)
	}
	if text, ok := v.(string); ok {
		return text, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("write the example: %w", err)
	}
	return string(b), nil
}
