package contracts

// Order dispatches a mission to whichever soldier takes it. It grants nothing: the soldier claims first. Any number of
// copies of one order may be about; at most one of them leads to a grant.
type Order struct {
	Header
	// Mission is the whole mission as it stood when the order was written, payload included.
	Mission Mission `json:"mission"`
	// Dispatch numbers the dispatches of all missions; a later dispatch of a mission has a higher number.
	Dispatch int64 `json:"dispatch"`
	// DispatchedAt is the commander's time of the publish.
	DispatchedAt Time `json:"dispatched_at"`
	// Seal proves to commanders that Mission is theirs. Soldiers pass it on as it came, wherever they pass on the mission
	// (Update.Seal); what is in it is the commanders' business. Empty in orders from before there were seals.
	Seal string `json:"seal,omitempty"`
}

// NewOrder returns the order for m.
func NewOrder(m Mission, dispatch int64, at Time) Order {
	return Order{Header: header(TypeOrder), Mission: m, Dispatch: dispatch, DispatchedAt: at}
}

// Encode returns the order as JSON.
func (o Order) Encode() ([]byte, error) {
	w := newWriter(o.room())
	if w.order(&o); w.bad {
		return encode(o)
	}
	return w.b, nil
}

// DecodeOrder reads an order. It fails with ErrMalformed, ErrUnknownType or ErrUnsupportedVersion.
func DecodeOrder(body []byte) (Order, error) {
	var o Order
	if !quickly(body, func(r *reader) { r.order(&o) }) || o.check(TypeOrder) != nil {
		o = Order{}
		if err := decode(body, TypeOrder, &o); err != nil {
			return Order{}, err
		}
	}
	if err := o.sound(); err != nil {
		return Order{}, err
	}
	return o, nil
}

// sound tells what is missing or wrong.
func (o *Order) sound() error {
	switch m := &o.Mission; {
	case !ValidMissionID(m.MissionID):
		return malformed("mission_id %q is not a UUID in lower case", m.MissionID)
	case !ValidToken(m.Kind):
		return malformed("kind %q is not a valid kind", m.Kind)
	case m.Attempt < 1:
		return malformed("attempt is %d, must be at least 1", m.Attempt)
	case m.TimeoutSeconds < 1:
		return malformed("timeout_seconds is %d, must be at least 1", m.TimeoutSeconds)
	}
	return nil
}
