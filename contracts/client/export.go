package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"

	"github.com/mission-control-dev/mission-control/contracts"
)

// maxLine bounds one line of an export: more than the largest mission.
const maxLine = 4 << 20

// Export ranges over all missions that fit, newest first, with payloads and results. PageSize and Cursor don't count. An error ends it: what
// came before is then not all. It is tried once, and takes as long as the caller does; the commander ends it where nothing is read
// for a minute.
func (c *Client) Export(ctx context.Context, o ListOptions) iter.Seq2[contracts.Mission, error] {
	return func(yield func(contracts.Mission, error) bool) {
		o.PageSize, o.Cursor = 0, ""
		if err := c.export(ctx, o, func(m contracts.Mission) bool { return yield(m, nil) }); err != nil {
			yield(contracts.Mission{}, fmt.Errorf("exporting missions: %w", err))
		}
	}
}

func (c *Client) export(ctx context.Context, o ListOptions, take func(contracts.Mission) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // of a caller that has enough
	k := call{method: http.MethodGet, path: "/missions/export", query: o.query()}
	req, err := c.request(ctx, k)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/x-ndjson, application/problem+json")
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(ctx, err)
	}
	defer res.Body.Close()
	if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); res.StatusCode != http.StatusOK || media != "application/x-ndjson" {
		body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil {
			return c.unreachable(ctx, fmt.Errorf("the answer was cut off: %w", err))
		}
		return c.refusal(res, media, body)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		m, err := readLine(lines.Bytes())
		if err != nil {
			return err
		}
		if !take(m) {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return c.unreachable(ctx, fmt.Errorf("the export broke off, so it is not whole: %w", err))
	}
	return nil
}

// readLine reads a mission, or why there are no more: that has no id.
func readLine(line []byte) (contracts.Mission, error) {
	var m contracts.Mission
	err := json.Unmarshal(line, &m)
	if err == nil && m.MissionID != "" {
		return m, nil
	}
	var last struct {
		Error struct {
			problemWire
			Status int `json:"status"`
		} `json:"error"`
	}
	if json.Unmarshal(line, &last) == nil && last.Error.Code != "" {
		p := last.Error
		return m, &Problem{Status: p.Status, Code: p.Code, Title: p.Title, Detail: p.Detail, Errors: p.Errors}
	}
	return m, errors.Join(errors.New("a line of the export is no mission"), err)
}
