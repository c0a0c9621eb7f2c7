{{ window_versions('parrot', {'costs': none}) }}
