package apidocs

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// typeView says what a value is: `array of` and the name of a schema, for example, and its limits.
type typeView struct {
	// Before the name, and the name itself where it is no schema of its own.
	Text string
	// Schema is the name of a component, to be linked.
	Schema string
	// Limits are short notes such as `at most 200`.
	Limits []string
	// Values are all that is allowed, where they are listed.
	Values []string
}

// fieldView is a field of an object, or a parameter.
type fieldView struct {
	// Name is the path within the object; [] stands for each element of an array.
	Name        string
	In          string // of a parameter: path, query, header
	Required    bool
	Type        typeView
	Description template.HTML
	Example     string
}

// knownKeys are what a schema may have here. Anything else would be left out of the page without a word.
var knownKeys = []string{ //nolint:gochecknoglobals // a table, never written
	"$ref", "type", "format", "description", "example", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength",
	"minItems", "maxItems", "maxProperties", "default", "nullable", "items", "properties", "required", "additionalProperties",
	"allOf",
}

// typeOf describes a schema in a few words.
func (d *document) typeOf(s node) (typeView, error) {
	for key := range s.pairs() {
		if !slices.Contains(knownKeys, key) {
			return typeView{}, fmt.Errorf("the page does not know %q of a schema (line %d of the contract)", key, s.Line)
		}
	}
	_, name, err := s.resolve(d.root)
	if err != nil {
		return typeView{}, err
	}
	if name != "" {
		return typeView{Schema: name}, nil
	}
	if all := s.get("allOf").items(); len(all) == 1 { // a reference with words of its own
		return d.typeOf(all[0])
	}
	t := typeView{Text: s.get("type").text(), Limits: limitsOf(s), Values: s.get("enum").texts()}
	switch format := s.get("format").text(); {
	case t.Text == "array":
		of, err := d.typeOf(s.get("items"))
		if err != nil {
			return typeView{}, err
		}
		t.Text, t.Schema = strings.TrimSpace("array of "+of.Text), of.Schema
		t.Limits = append(t.Limits, of.Limits...)
		t.Values = of.Values
	case t.Text == "":
		t.Text = "any JSON"
	case t.Text == "object" && s.get("additionalProperties", "type").text() != "":
		t.Text = "object of " + s.get("additionalProperties", "type").text() + "s"
	case format != "":
		t.Text += " (" + format + ")"
	}
	return t, nil
}

func limitsOf(s node) []string {
	var list []string
	for _, l := range []struct{ least, most, of string }{
		{"minimum", "maximum", ""}, {"minLength", "maxLength", " characters"}, {"minItems", "maxItems", " elements"},
		{"", "maxProperties", " keys"},
	} {
		least, most := s.get(l.least).text(), s.get(l.most).text()
		switch {
		case least != "" && most != "":
			list = append(list, least+" to "+most+l.of)
		case least != "":
			list = append(list, "at least "+least+l.of)
		case most != "":
			list = append(list, "at most "+most+l.of)
		}
	}
	if p := s.get("pattern").text(); p != "" {
		list = append(list, "pattern "+p)
	}
	if s.get("nullable").text() == "true" {
		list = append(list, "or null")
	}
	if v := s.get("default"); v.is() {
		list = append(list, "default "+v.text())
	}
	return list
}

// fieldsOf lists the fields of an object, and below them those of objects within it that have no name of their own.
func (d *document) fieldsOf(s node, prefix string) ([]fieldView, error) {
	var list []fieldView
	required := s.get("required").texts()
	for name, value := range s.get("properties").pairs() {
		f := fieldView{
			Name: prefix + name, Required: slices.Contains(required, name), Description: markdown(value.get("description").text()),
			Example: value.get("example").text(),
		}
		var err error
		if f.Type, err = d.typeOf(value); err != nil {
			return nil, err
		}
		list = append(list, f)
		within, path := value, f.Name+"."
		if items := value.get("items"); items.is() {
			within, path = items, f.Name+"[]."
		}
		deeper, err := d.fieldsOf(within, path)
		if err != nil {
			return nil, err
		}
		list = append(list, deeper...)
	}
	return list, nil
}
