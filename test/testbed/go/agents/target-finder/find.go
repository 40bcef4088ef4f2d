package main

import (
	"fmt"
	"net"
)

// list is what of a list of pods or Services is read.
type list struct {
	Items []struct {
		Metadata struct {
			Name        string            `json:"name"`
			Namespace   string            `json:"namespace"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"metadata"`
		Spec struct {
			NodeName string `json:"nodeName"`
			Ports    []struct {
				Port int `json:"port"`
			} `json:"ports"`
		} `json:"spec"`
		Status struct {
			Phase string `json:"phase"`
			PodIP string `json:"podIP"`
		} `json:"status"`
	} `json:"items"`
}

// scrapedPods are those that ask for it by prometheus.io/scrape, /port and /path.
func scrapedPods(pods list) []group {
	groups := []group{}
	for _, pod := range pods.Items {
		asked := pod.Metadata.Annotations
		ended := pod.Status.Phase == "Succeeded" || pod.Status.Phase == "Failed"
		if asked["prometheus.io/scrape"] != "true" || asked["prometheus.io/port"] == "" || pod.Status.PodIP == "" || ended {
			continue
		}
		labels := map[string]string{
			"namespace": pod.Metadata.Namespace,
			"pod":       pod.Metadata.Name,
			"node":      pod.Spec.NodeName,
			"app":       pod.Metadata.Labels["app.kubernetes.io/name"],
		}
		if path := asked["prometheus.io/path"]; path != "" {
			labels["__metrics_path__"] = path
		}
		address := net.JoinHostPort(pod.Status.PodIP, asked["prometheus.io/port"])
		groups = append(groups, group{Targets: []string{address}, Labels: labels})
	}
	return groups
}

// probedServices are those that name a module of blackbox-exporter in prometheus.io/probe; -scheme and -path say what it
// is to ask. Each port is probed.
func probedServices(services list, blackbox string) []group {
	groups := []group{}
	for _, service := range services.Items {
		asked := service.Metadata.Annotations
		module := asked["prometheus.io/probe"]
		if module == "" {
			continue
		}
		scheme := asked["prometheus.io/probe-scheme"]
		if scheme == "" {
			scheme = "http"
		}
		for _, port := range service.Spec.Ports {
			url := fmt.Sprintf("%s://%s.%s.svc:%d%s", scheme, service.Metadata.Name, service.Metadata.Namespace, port.Port,
				asked["prometheus.io/probe-path"])
			groups = append(groups, group{Targets: []string{blackbox}, Labels: map[string]string{
				"__param_module": module,
				"__param_target": url,
				"instance":       url,
				"module":         module,
				"namespace":      service.Metadata.Namespace,
				"service":        service.Metadata.Name,
			}})
		}
	}
	return groups
}
