package main

import (
	"encoding/json"
	"reflect"
	"testing"
)

func parsed(t *testing.T, text string) list {
	t.Helper()
	var found list
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPodsThatAskAndRunAreScraped(t *testing.T) {
	const asks = `"annotations":{"prometheus.io/scrape":"true","prometheus.io/port":"8083"}`
	pods := parsed(t, `{"items":[
		{"metadata":{"name":"geo-1","namespace":"shop","labels":{"app.kubernetes.io/name":"geo"},`+asks+`},
			"spec":{"nodeName":"node1"},"status":{"phase":"Running","podIP":"10.0.0.1"}},
		{"metadata":{"name":"done",`+asks+`},"status":{"phase":"Succeeded","podIP":"10.0.0.2"}},
		{"metadata":{"name":"no-address",`+asks+`},"status":{"phase":"Pending"}},
		{"metadata":{"name":"silent"},"status":{"phase":"Running","podIP":"10.0.0.3"}}]}`)
	want := []group{{Targets: []string{"10.0.0.1:8083"},
		Labels: map[string]string{"namespace": "shop", "pod": "geo-1", "node": "node1", "app": "geo"}}}
	if got := scrapedPods(pods); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestServicesAreProbedAsTheyAsk(t *testing.T) {
	services := parsed(t, `{"items":[
		{"metadata":{"name":"front","namespace":"shop","annotations":{"prometheus.io/probe":"https",
			"prometheus.io/probe-scheme":"https","prometheus.io/probe-path":"/a?b=1"}},"spec":{"ports":[{"port":443}]}},
		{"metadata":{"name":"other","namespace":"shop"},"spec":{"ports":[{"port":80}]}}]}`)
	got := probedServices(services, "10.0.0.9:9115")
	if len(got) != 1 || got[0].Targets[0] != "10.0.0.9:9115" ||
		got[0].Labels["__param_target"] != "https://front.shop.svc:443/a?b=1" || got[0].Labels["service"] != "front" {
		t.Errorf("got %v", got)
	}
}
