"""The Kibana kit: data views, saved searches and dashboards as Kibana saved objects.

``panels`` describes what is shown, once. ``lens`` and ``library`` turn a description into the state
that Kibana stores; the tests turn it into the aggregation that Elasticsearch is asked for, so that
each panel's numbers are known without a Kibana. ``objects`` puts everything together, ``check``
finds what Kibana would refuse, ``client`` sends it.
"""
